internal import Basics
internal import SQLite
public import Schema

/// Folders of Prisma (https://www.prisma.io), such as `20240101120000_create_users` with `migration.sql`. They are
/// recorded in `_prisma_migrations`.
public struct PrismaFormat: MigrationFormat {
  /// Creates the format, which has no options.
  public init() {}

  /// `prisma`
  public var name: String { "prisma" }

  /// Accepts the file `migration.sql` of each folder, and what Drizzle puts beside it, which is an error.
  public func includes(_ path: String) -> Bool {
    path.hasSuffix("/migration.sql") || path.hasSuffix("/snapshot.json")
  }

  /// Whether there is a folder with the file `migration.sql`.
  public func recognizes(_ paths: [String], reading text: (String) -> String?) -> Bool {
    paths.contains { $0.hasSuffix("/migration.sql") }
  }

  /// Reads `migration.sql` of each folder. The version is the folder's name.
  public func read(_ files: [MigrationFiles.File]) -> (migrations: [Migration], faults: [MigrationError]) {
    let read = readEach(files) { file throws(MigrationError) in
      guard file.name.hasSuffix(".sql") else {
        throw MigrationError(
          .format, file: file.name,
          "these are migrations of Drizzle 1, whose folders look like Prisma's, and which are not supported")
      }
      let folder = file.name.prefix { $0 != "/" }
      let name = folder.drop { $0.isNumber }.drop { $0 == "_" }
      return .foreign(version: MigrationVersion(String(folder)), name: String(name), file: file)
    }
    return (read.migrations, read.faults + Self.misordered(read.migrations))
  }

  /// Returns `_prisma_migrations`, or the table that fleet.yml names.
  public func historyTable(
    _ migrations: [Migration], _ folder: MigrationFolder
  ) throws(MigrationError) -> any HistoryTable {
    let table = folder.table ?? "_prisma_migrations"
    let names = migrations.namesByVersion
    // Milliseconds since 1970. The modifier 'subsec' of unixepoch is too new.
    let now = "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"
    return ToolHistoryTable(
      tool: "Prisma", name: table,
      create: [
        """
        CREATE TABLE IF NOT EXISTS \(quoted(table)) (id TEXT PRIMARY KEY NOT NULL, checksum TEXT NOT NULL,
          finished_at DATETIME, migration_name TEXT NOT NULL, logs TEXT, rolled_back_at DATETIME,
          started_at DATETIME NOT NULL DEFAULT current_timestamp,
          applied_steps_count INTEGER UNSIGNED NOT NULL DEFAULT 0)
        """
      ],
      columns: ["migration_name", "checksum", "finished_at", "rolled_back_at"],
      onlyNullOf: ["finished_at", "rolled_back_at"], order: "started_at",
      decode: { row in
        guard let text = row[0].text else { return .unreadable }
        // A failed migration that somebody has marked as rolled back doesn't count.
        if row[3] != .null { return .none }
        let version = MigrationVersion(text)
        let reason = row[2] == .null ? "Prisma began it, and it failed or the tool crashed" : nil
        return .applied(
          RecordedMigration(version, names[version] ?? "", checksum: row[1].text, unfinished: reason))
      },
      insert: { migration, milliseconds in
        [
          (
            """
            INSERT INTO \(quoted(table))
              (id, checksum, started_at, finished_at, migration_name, applied_steps_count)
            VALUES (lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
                || '-a' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))),
              ?1, \(now) - ?2, \(now), ?3, 1)
            """,
            [
              .text(Self.checksum(migration.text)), .integer(Int64(milliseconds)),
              .text("\(migration.version ?? 0)"),
            ]
          )
        ]
      },
      delete: { ("DELETE FROM \(quoted(table)) WHERE migration_name = ?", [.text("\($0)")]) },
      settle: { version, isApplied in
        let change = isApplied ? "finished_at = \(now), applied_steps_count = 1" : "rolled_back_at = \(now)"
        return (
          "UPDATE \(quoted(table)) SET \(change) "
            + "WHERE migration_name = ? AND finished_at IS NULL AND rolled_back_at IS NULL",
          [.text("\(version)")]
        )
      },
      checksum: { text, _ in Self.checksum(text) }, ChecksumRules(toleratesLineEnds: true))
  }

  /// SHA-256 of the file's bytes in hexadecimal.
  static func checksum(_ text: String) -> String { Fingerprint(of: text.utf8).hex }

  /// Returns `migration.sql` in a folder that begins with the current time.
  public func nextFile(
    _ name: String, after paths: [String]
  ) throws(MigrationError) -> (version: MigrationVersion, file: String) {
    let folder = "\(NumberedFile.timestamp())_\(name)"
    return (MigrationVersion(folder), "\(folder)/migration.sql")
  }
}
