internal import FoundationEssentials
internal import SQLite
public import Schema

/// Files of Drizzle (https://orm.drizzle.team), such as `0000_create_users.sql`, in the order of `meta/_journal.json`.
/// They are recorded in `__drizzle_migrations`.
public struct DrizzleFormat: MigrationFormat {
  private static let journal = "meta/_journal.json"

  /// Creates the format, which has no options.
  public init() {}

  /// `drizzle`
  public var name: String { "drizzle" }

  /// Empty: the tool begins its files itself.
  public var template: String { "" }

  /// Accepts the journal, and `.sql` files in the folder itself.
  public func includes(_ path: String) -> Bool { path == Self.journal || FlotillaFormat().includes(path) }

  /// Whether there is a journal.
  public func recognizes(_ paths: [String], reading text: (String) -> String?) -> Bool {
    paths.contains(Self.journal)
  }

  private struct Journal: Decodable {
    struct Entry: Decodable {
      let when: Int64
      let tag: String
    }

    let entries: [Entry]
    let dialect: String?
  }

  /// Reads the files that the journal names. The version is the time that the journal has for a file, in milliseconds.
  public func read(_ files: [MigrationFiles.File]) -> (migrations: [Migration], faults: [MigrationError]) {
    guard let file = files.first(where: { $0.name == Self.journal }),
      let journal = try? JSONDecoder().decode(Journal.self, from: Data(file.text.utf8))
    else {
      return ([], [MigrationError(.unreadable, file: Self.journal, "there is no journal of Drizzle here")])
    }
    if let dialect = journal.dialect, !["sqlite", "turso"].contains(dialect) {
      return (
        [],
        [MigrationError(.format, file: Self.journal, "these migrations are for \(dialect), not for SQLite")]
      )
    }
    let named = Dictionary(files.map { ($0.name, $0) }) { first, _ in first }
    let missing = journal.entries.filter { named["\($0.tag).sql"] == nil }.map {
      MigrationError(.unreadable, file: "\($0.tag).sql", "the journal names this file, and it is not there")
    }
    let tags = Dictionary(journal.entries.map { ("\($0.tag).sql", $0) }) { first, _ in first }
    let read = readEach(files.filter { $0.name != Self.journal }) { file throws(MigrationError) in
      guard let entry = tags[file.name] else {
        throw MigrationError(
          .malformedName, file: file.name, "the journal doesn't name this file, so Drizzle wouldn't run it")
      }
      // The marker separates statements, also where one has no semicolon.
      let up = file.text.replacing("--> statement-breakpoint", with: ";")
      return .foreign(version: MigrationVersion(entry.when), name: entry.tag, file: file, up: up)
    }
    let misordered = zip(journal.entries, journal.entries.dropFirst()).filter { $1.when <= $0.when }.map {
      MigrationError(
        .format, file: Self.journal,
        "\($1.tag) is not later than \($0.tag), which stands before it, so Drizzle would leave it out where it has "
          + "applied that one")
    }
    return (read.migrations, read.faults + missing + misordered)
  }

  /// Returns `__drizzle_migrations`, or the table that fleet.yml names.
  public func historyTable(
    _ migrations: [Migration], _ folder: MigrationFolder
  ) throws(MigrationError) -> any HistoryTable {
    let table = folder.table ?? "__drizzle_migrations"
    let names = migrations.namesByVersion
    return ToolHistoryTable(
      tool: "Drizzle", name: table,
      create: [
        "CREATE TABLE IF NOT EXISTS \(quoted(table)) (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)"
      ],
      columns: ["created_at", "hash"], known: migrations,
      decode: { row in
        guard let number = row[0].integer else { return .unreadable }
        let version = MigrationVersion(number)
        // Drizzle compares nothing but the time of the last one.
        return .appliedUpTo(RecordedMigration(version, names[version] ?? "", checksum: row[1].text))
      },
      insert: { migration, _ in
        [
          (
            "INSERT INTO \(quoted(table)) (hash, created_at) VALUES (?, ?)",
            [.text(PrismaFormat.checksum(migration.text)), migration.recordedVersion]
          )
        ]
      },
      delete: { ("DELETE FROM \(quoted(table)) WHERE created_at = ?", [$0.value]) },
      checksum: { text, _ in PrismaFormat.checksum(text) }, ChecksumRules(toleratesLineEnds: true))
  }

  /// Fails: a new file has to be in the journal, which Drizzle writes.
  public func nextFile(
    _ name: String, after paths: [String]
  ) throws(MigrationError) -> (version: MigrationVersion, file: String) {
    throw MigrationError(
      .format, file: Self.journal, "Drizzle begins its files itself: npx drizzle-kit generate --name \(name)")
  }
}
