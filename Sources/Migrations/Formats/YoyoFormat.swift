internal import Basics
internal import SQLite
public import Schema

/// SQL files of yoyo (https://ollycope.com/software/yoyo), such as `0001.create-users.sql`. They are recorded in
/// `_yoyo_migration`.
public struct YoyoFormat: MigrationFormat {
  /// Creates the format, which has no options.
  public init() {}

  /// `yoyo`
  public var name: String { "yoyo" }

  /// The line that yoyo's own new files begin with, and one that no command accepts.
  public var template: String { "-- depends: \n\n\(MigrationFormats.todo)" }

  /// Accepts `.sql` and `.py` files in the folder itself, except those that undo a migration.
  public func includes(_ path: String) -> Bool {
    !path.contains("/") && !path.hasPrefix(".") && !path.hasSuffix(".rollback.sql")
      && !path.hasPrefix("__init__")
      && (path.hasSuffix(".sql") || path.hasSuffix(".py"))
  }

  /// Whether one file undoes another, or each has a line `-- depends:`.
  public func recognizes(_ paths: [String], reading text: (String) -> String?) -> Bool {
    paths.contains { $0.hasSuffix(".rollback.sql") && !$0.contains("/") }
      || haveMarker("depends:", paths, reading: text)
  }

  /// Reads whole files. The version is the file's name without its ending.
  public func read(_ files: [MigrationFiles.File]) -> (migrations: [Migration], faults: [MigrationError]) {
    let ids = Set(files.map { Self.id($0.name) })
    let read = readEach(files) { file throws(MigrationError) in
      guard file.name.hasSuffix(".sql") else {
        throw MigrationError(
          .format, file: file.name,
          "this migration is a program in Python, which is not run here: only SQL files are")
      }
      guard !file.name.hasPrefix("post-apply") else {
        throw MigrationError(
          .format, file: file.name, "post-apply files, which yoyo runs each time, are not run here")
      }
      let id = Self.id(file.name)
      var isOutside = false
      for (line, key, value) in Self.directives(of: file) {
        if key == "transactional" { isOutside = value.folded == "false" }
        guard key == "depends" else { continue }
        for needed in value.split(whereSeparator: \.isWhitespace).map(String.init) {
          guard ids.contains(needed) else {
            throw MigrationError(
              .directive, file: file.name, line: line, "it depends on \(needed), which is not there")
          }
          guard MigrationVersion(needed) < MigrationVersion(id) else {
            throw MigrationError(
              .directive, file: file.name, line: line,
              "it depends on \(needed), which comes after it by name: here the order of the names counts")
          }
        }
      }
      return .foreign(
        version: MigrationVersion(id), name: id, file: file, isOutsideTransaction: isOutside)
    }
    return (read.migrations, read.faults + Self.misordered(read.migrations))
  }

  /// The directives in the comments before the first statement, with their lines counted from 1.
  private static func directives(of file: MigrationFiles.File) -> [(line: Int, key: String, value: String)] {
    var found: [(line: Int, key: String, value: String)] = []
    for (number, line) in file.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      let line = line.drop { $0.isWhitespace || $0 == "\u{feff}" }
      guard !line.isEmpty else { continue }
      guard line.hasPrefix("--") else { break }
      let parts = line.dropFirst(2).split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(
        \.trimmed)
      if parts.count == 2, ["depends", "transactional"].contains(parts[0]) {
        found.append((number + 1, parts[0], parts[1]))
      }
    }
    return found
  }

  private static func id(_ file: String) -> String {
    String(file.dropLast(file.hasSuffix(".py") ? 3 : 4))
  }

  /// Returns `_yoyo_migration`. yoyo's other tables are created with it.
  public func historyTable(
    _ migrations: [Migration], _ folder: MigrationFolder
  ) throws(MigrationError) -> any HistoryTable {
    let table = folder.table ?? "_yoyo_migration"
    let names = migrations.namesByVersion
    return ToolHistoryTable(
      tool: "yoyo", name: table, create: Self.create(table), columns: ["migration_id", "applied_at_utc"],
      order: "applied_at_utc", others: ["_yoyo_log", "_yoyo_version", "yoyo_lock"],
      decode: { row in
        guard let text = row[0].asText else { return .unreadable }
        let version = MigrationVersion(text)
        return .applied(RecordedMigration(version, names[version] ?? text))
      },
      insert: { migration, _ in
        let id = "\(migration.version ?? 0)"
        let hash = Fingerprint(of: id.utf8).hex
        return [
          (
            """
            INSERT INTO \(quoted(table)) (migration_hash, migration_id, applied_at_utc)
            VALUES (?, ?, strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000')
            """, [.text(hash), .text(id)]
          ),
          (
            """
            INSERT INTO "_yoyo_log" (id, migration_hash, migration_id, operation, username, hostname, created_at_utc)
            VALUES (lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
                || '-a' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))),
              ?, ?, 'apply', 'flotilla', NULL, strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000')
            """, [.text(hash), .text(id)]
          ),
        ]
      },
      delete: { ("DELETE FROM \(quoted(table)) WHERE migration_id = ?", [.text("\($0)")]) },
      obstacle: { database throws(SQLiteError) in
        let hasLock = try database.scalar("SELECT 1 FROM sqlite_schema WHERE name = 'yoyo_lock'") != nil
        guard hasLock, let process = try database.scalar("SELECT pid FROM main.yoyo_lock") else { return nil }
        let name = process.asText.map { " (process \($0))" } ?? ""
        return "yoyo holds its lock\(name), or has crashed with it: yoyo break-lock removes it"
      })
  }

  private static func create(_ table: String) -> [String] {
    [
      """
      CREATE TABLE IF NOT EXISTS \(quoted(table)) ("migration_hash" VARCHAR(64), "migration_id" VARCHAR(255),
        "applied_at_utc" TIMESTAMP, PRIMARY KEY ("migration_hash"))
      """,
      """
      CREATE TABLE IF NOT EXISTS "_yoyo_log" ("id" VARCHAR(36), "migration_hash" VARCHAR(64),
        "migration_id" VARCHAR(255), "operation" VARCHAR(10), "username" VARCHAR(255), "hostname" VARCHAR(255),
        "comment" VARCHAR(255), "created_at_utc" TIMESTAMP, PRIMARY KEY ("id"))
      """,
      """
      CREATE TABLE IF NOT EXISTS "_yoyo_version" ("version" INT NOT NULL PRIMARY KEY, "installed_at_utc" TIMESTAMP)
      """,
      "INSERT OR IGNORE INTO \"_yoyo_version\" VALUES (2, strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')",
      """
      CREATE TABLE IF NOT EXISTS "yoyo_lock" ("locked" INT DEFAULT 1, "ctime" TIMESTAMP, "pid" INT NOT NULL,
        PRIMARY KEY ("locked"))
      """,
    ]
  }

  /// Returns a file with the next number.
  public func nextFile(
    _ name: String, after paths: [String]
  ) throws(MigrationError) -> (version: MigrationVersion, file: String) {
    let file = try NumberedFile.nextLike(paths, name, digits: 4).file
    return (MigrationVersion(Self.id(file)), file)
  }
}
