public import Migrations
internal import SQLite
public import Schema

extension Journal {
  /// Notes the digests of the migration files that a run applies.
  ///
  /// - Returns: the files' names of versions that databases have, or may have, with another content.
  public func noteMigrations(_ set: MigrationSet, run: RunID) throws -> [String] {
    let changed = try changedMigrations(set, before: run)
    write { journal in
      for migration in set.migrations {
        let (version, digest) = (
          Value.integer((migration.version ?? .zero).number), Value.text(migration.digest.description)
        )
        try journal.database.execute(
          """
          INSERT INTO former_migrations (version, digest, run, until)
          SELECT version, digest, run, ? FROM migrations WHERE version = ? AND digest <> ?
          """, [.text(run.description), version, digest])
        try journal.database.execute(
          """
          INSERT INTO migrations (version, name, digest, run) VALUES (?, ?, ?, ?)
          ON CONFLICT DO UPDATE SET name = excluded.name, digest = excluded.digest, run = excluded.run
          WHERE digest <> excluded.digest
          """,
          [version, .text(migration.name), digest, .text(run.description)])
      }
    }
    return changed
  }

  /// A file whose former content was only tried, and rolled back everywhere, is none of them. Where a run with that
  /// content didn't come to its end, what it applied is not known.
  private func changedMigrations(_ set: MigrationSet, before run: RunID) throws -> [String] {
    let known = try read { database in
      Dictionary(
        try database.rows("SELECT version, digest, run FROM migrations") { row in
          (MigrationVersion(row.int(0)), (digest: row.text(1) ?? "", run: row.text(2) ?? ""))
        }
      ) { $1 }
    }
    let changed = set.migrations.filter { migration in
      known[migration.version ?? 0].map { $0.digest != migration.digest.description } ?? false
    }
    guard !changed.isEmpty else { return [] }
    let applied = try installationsWithOther(set)
    let unfinished = try read { database in
      try database.rows(
        "SELECT id FROM runs WHERE command IN ('migrate', 'unknown') AND finished_at IS NULL AND id < ?",
        [.text(run.description)]
      ) { $0.text(0) ?? "" }
    }
    return changed.filter { migration in
      let version = migration.version ?? 0
      return applied[version] != nil || unfinished.contains { $0 >= known[version]?.run ?? "" }
    }.map(\.file)
  }

  /// How many installations have a migration from a file that had another content then: what they have is not what the
  /// file now says. Each counts with the last run that applied it there.
  ///
  /// - Returns: the number by version, where there are any.
  public func installationsWithOther(_ set: MigrationSet) throws -> [MigrationVersion: Int] {
    let sql = """
      WITH applied (installation, version, run) AS (
        SELECT installation, json_extract(value, '$.version'), max(run)
        FROM outcomes, json_each(record, '$.applied') GROUP BY 1, 2)
      SELECT version, digest, count(*) FROM (
        SELECT version, coalesce(
          (SELECT f.digest FROM former_migrations f
            WHERE f.version = applied.version AND f.run <= applied.run AND applied.run < f.until),
          (SELECT m.digest FROM migrations m WHERE m.version = applied.version AND m.run <= applied.run)) AS digest
        FROM applied)
      WHERE digest IS NOT NULL GROUP BY 1, 2
      """
    let rows = try read { database in
      try database.rows(sql) { row in
        (version: MigrationVersion(row.int(0)), digest: row.text(1), count: Int(row.int(2)))
      }
    }
    let digests = Dictionary(set.migrations.map { ($0.version ?? 0, $0.digest.description) }) { $1 }
    return rows.reduce(into: [:]) { counts, row in
      guard let digest = digests[row.version], digest != row.digest else { return }
      counts[row.version, default: 0] += row.count
    }
  }
}
