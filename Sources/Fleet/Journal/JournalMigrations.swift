public import Migrations
internal import SQLite
public import Schema

extension Journal {
  /// Records the digests of the migration files that a run applies.
  ///
  /// - Returns: the names of the files whose migrations were, or may have been, applied with different content
  ///   before.
  public func noteMigrations(_ set: MigrationSet, run: RunID) throws -> [String] {
    let changed = try changedMigrations(set, before: run)
    write { journal in
      for migration in set.migrations {
        let (version, digest) = (
          (migration.version ?? .zero).value, Value.text(migration.digest.description)
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

  /// The migrations that were, or may have been, applied with different content. If the earlier content was only
  /// tried and rolled back everywhere, the migration isn't included. If a run with that content never finished, it is
  /// unknown what it applied, so the migration is included.
  private func changedMigrations(_ set: MigrationSet, before run: RunID) throws -> [String] {
    let known = try read { database in
      Dictionary(
        try database.rows("SELECT version, digest, run FROM migrations") { row in
          (MigrationVersion(row.text(0) ?? ""), (digest: row.text(1) ?? "", run: row.text(2) ?? ""))
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

  /// How many installations got a migration from a file whose content was different then, so that the file no longer
  /// describes what they have. For each installation, the last run that applied the migration counts.
  ///
  /// - Returns: the number by version; versions without such installations are missing.
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
        (version: MigrationVersion(row.text(0) ?? ""), digest: row.text(1), count: Int(row.int(2)))
      }
    }
    let digests = Dictionary(set.migrations.map { ($0.version ?? 0, $0.digest.description) }) { $1 }
    return rows.reduce(into: [:]) { counts, row in
      guard let digest = digests[row.version], digest != row.digest else { return }
      counts[row.version, default: 0] += row.count
    }
  }
}
