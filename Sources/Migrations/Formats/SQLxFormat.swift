internal import Basics
internal import Crypto
internal import SQLite
public import Schema

/// Files of sqlx (https://github.com/launchbadge/sqlx), such as `20240101120000_create_users.sql`, or pairs that end in
/// `.up.sql` and `.down.sql`. They are recorded in `_sqlx_migrations`.
public struct SQLxFormat: MigrationFormat {
  /// Creates the format, which has no options.
  public init() {}

  /// `sqlx`
  public var name: String { "sqlx" }

  /// Accepts `.sql` files in the folder itself that begin with a digit, except those that undo a migration.
  public func includes(_ path: String) -> Bool {
    NumberedFile.isNumbered(path) && !path.hasSuffix(".down.sql")
  }

  /// Whether there are pairs of files.
  public func recognizes(_ paths: [String], reading text: (String) -> String?) -> Bool {
    paths.contains { includes($0) && $0.hasSuffix(".up.sql") }
  }

  private static let noTransaction = "-- no-transaction"

  /// Reads whole files, except those that undo a migration.
  public func read(_ files: [MigrationFiles.File]) -> (migrations: [Migration], faults: [MigrationError]) {
    readEach(files) { file throws(MigrationError) in
      let (number, rest) = try NumberedFile.parse(file.name, separator: "_")
      let name = rest.hasSuffix(".up") ? String(rest.dropLast(3)) : rest
      return .foreign(
        version: MigrationVersion(number), name: name.replacing("_", with: " "), file: file,
        isOutsideTransaction: file.text.hasPrefix(Self.noTransaction))
    }
  }

  /// Returns `_sqlx_migrations`, or the table that fleet.yml names.
  public func historyTable(
    _ migrations: [Migration], _ folder: MigrationFolder
  ) throws(MigrationError) -> any HistoryTable {
    let table = folder.table ?? "_sqlx_migrations"
    return ToolHistoryTable(
      tool: "sqlx", name: table,
      create: [
        """
        CREATE TABLE IF NOT EXISTS \(quoted(table)) (
          version BIGINT PRIMARY KEY, description TEXT NOT NULL,
          installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum BLOB NOT NULL,
          execution_time BIGINT NOT NULL)
        """
      ],
      columns: ["version", "description", "success", "checksum"],
      decode: { row in
        guard let version = row[0].integer, case .blob(let checksum) = row[3] else { return .unreadable }
        let reason = row[2].isTrue ? nil : "sqlx began it outside a transaction, and success is 0"
        return .applied(
          RecordedMigration(
            MigrationVersion(version), row[1].text ?? "", checksum: checksum.hex, unfinished: reason))
      },
      insert: { migration, milliseconds in
        [
          (
            """
            INSERT INTO \(quoted(table)) (version, description, success, checksum, execution_time)
            VALUES (?, ?, 1, ?, ?)
            """,
            [
              migration.recordedVersion, .text(migration.name), .blob(Self.checksum(migration.text)),
              .integer(Int64(milliseconds * 1_000_000)),
            ]
          )
        ]
      },
      delete: { ("DELETE FROM \(quoted(table)) WHERE version = ?", [$0.value]) },
      settle: { version, isApplied in
        let verb = isApplied ? "UPDATE \(quoted(table)) SET success = 1" : "DELETE FROM \(quoted(table))"
        return ("\(verb) WHERE version = ? AND NOT success", [version.value])
      },
      checksum: { text, _ in Self.checksum(text).hex })
  }

  /// SHA-384 of the file's bytes.
  private static func checksum(_ text: String) -> [UInt8] { Array(SHA384.hash(data: Array(text.utf8))) }

  /// Returns a file that begins with the current time, or with the next number if the files have short numbers; with
  /// `.up.sql` if the existing files have it.
  public func nextFile(
    _ name: String, after paths: [String]
  ) throws(MigrationError) -> (version: MigrationVersion, file: String) {
    let ending = paths.contains { $0.hasSuffix(".up.sql") } ? ".up.sql" : ".sql"
    return try NumberedFile.nextFileOrTime(name, after: paths, ending: ending)
  }
}
