internal import Basics
internal import SQLite
public import Schema

/// Files of Flyway (https://flywaydb.org), such as `V1.2__create_users.sql`. They are recorded in
/// `flyway_schema_history`.
///
/// Only versioned migrations are run. Files that undo them are ignored; repeatable and baseline migrations and callbacks
/// are errors, since leaving them out would make another database than Flyway makes.
public struct FlywayFormat: MigrationFormat {
  private static let conf = ".sql.conf"
  /// The settings that a `.sql.conf` file may have.
  private static let settings: Set = ["executeInTransaction", "placeholderReplacement", "encoding"]

  /// Creates the format, which has no options.
  public init() {}

  /// `flyway`
  public var name: String { "flyway" }

  /// Accepts the `.sql` files that Flyway would run, and their `.sql.conf` files.
  public func includes(_ path: String) -> Bool {
    let file = fileName(of: path)
    guard file.hasSuffix(".sql") || file.hasSuffix(Self.conf) else { return false }
    let isCallback = ["before", "after", "createSchema"].contains { file.hasPrefix($0) }
    return isCallback || file.contains("__") && ["V", "R", "B"].contains { file.hasPrefix($0) }
  }

  /// Whether there are versioned files.
  public func recognizes(_ paths: [String], reading text: (String) -> String?) -> Bool {
    paths.contains { path in
      let file = fileName(of: path)
      return file.hasPrefix("V") && file.dropFirst().first?.isNumber == true && file.contains("__")
        && file.hasSuffix(".sql")
    }
  }

  /// Reads whole files that begin with `V`.
  public func read(_ files: [MigrationFiles.File]) -> (migrations: [Migration], faults: [MigrationError]) {
    let settings = Dictionary(
      files.filter { $0.name.hasSuffix(Self.conf) }.map { ($0.name.dropLast(5), $0.text) }
    ) { first, _ in first }
    let scripts = files.filter { $0.name.hasSuffix(".sql") }
    let read = readEach(scripts) { file throws(MigrationError) in
      let name = fileName(of: file.name)
      guard name.hasPrefix("V") else { throw Self.refusal(of: file.name, name) }
      let stem = name.dropFirst().dropLast(4)
      guard let separator = stem.firstRange(of: "__") else { throw Self.malformed(file.name) }
      let version = String(stem[..<separator.lowerBound]).replacing("_", with: ".")
      guard !version.isEmpty, version.allSatisfy({ $0.isASCII && $0.isNumber || $0 == "." }) else {
        throw Self.malformed(file.name)
      }
      let setting = Self.words(of: settings[file.name[...]] ?? "")
      if let key = setting.keys.sorted().first(where: { !Self.settings.contains($0) }) {
        throw MigrationError(.format, file: file.name + ".conf", "the setting \(key) is not supported here")
      }
      if file.text.contains("${"), setting["placeholderReplacement"] != "false" {
        throw MigrationError(
          .format, file: file.name,
          "it has a placeholder ${…}, which is not replaced here: write the value into the file, or put "
            + "placeholderReplacement=false into \(name).conf if the text is meant as it is")
      }
      return .foreign(
        version: MigrationVersion(version),
        name: String(stem[separator.upperBound...]).replacing("_", with: " "), file: file,
        isOutsideTransaction: setting["executeInTransaction"] == "false")
    }
    return read
  }

  private static func malformed(_ file: String) -> MigrationError {
    MigrationError(
      .malformedName, file: file,
      "a migration's name is V, a version, two underscores and words, such as V1.2__add_email.sql")
  }

  private static func refusal(of path: String, _ file: String) -> MigrationError {
    let what =
      file.hasPrefix("R")
      ? "a repeatable migration" : file.hasPrefix("B") ? "a baseline migration" : "a callback"
    return MigrationError(
      .format, file: path,
      "this is \(what) of Flyway, which is not run here: write it as a versioned migration, or upgrade with Flyway"
    )
  }

  /// The settings `key=value` of a file, one on each line.
  private static func words(of text: String) -> [String: String] {
    text.split(whereSeparator: \.isNewline).reduce(into: [:]) { words, line in
      let parts = line.split(separator: "=", maxSplits: 1).map { $0.trimmed }
      if parts.count == 2 { words[parts[0]] = parts[1] }
    }
  }

  /// Returns `flyway_schema_history`, or the table that fleet.yml names.
  public func historyTable(
    _ migrations: [Migration], _ folder: MigrationFolder
  ) throws(MigrationError) -> any HistoryTable {
    let table = folder.table ?? "flyway_schema_history"
    return ToolHistoryTable(
      tool: "Flyway", name: table,
      create: [
        """
        CREATE TABLE IF NOT EXISTS \(quoted(table)) (installed_rank INT NOT NULL PRIMARY KEY, version VARCHAR(50),
          description VARCHAR(200) NOT NULL, type VARCHAR(20) NOT NULL, script VARCHAR(1000) NOT NULL, checksum INT,
          installed_by VARCHAR(100) NOT NULL,
          installed_on TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f','now')), execution_time INT NOT NULL,
          success BOOLEAN NOT NULL)
        """,
        "CREATE INDEX IF NOT EXISTS \(quoted(table + "_s_idx")) ON \(quoted(table)) (success)",
      ],
      columns: ["version", "description", "type", "checksum", "success"], order: "installed_rank",
      known: migrations,
      decode: { row in
        guard let type = row[2].text else { return .unreadable }
        // Rows without a version are those of repeatable migrations and of the schema's creation.
        guard let text = row[0].asText else { return .none }
        let version = MigrationVersion(text)
        let reason = row[4].isTrue ? nil : "Flyway began it, and success is 0"
        if reason == nil {
          if type.hasPrefix("UNDO") || type == "DELETE" { return .removed(version) }
          if type.hasSuffix("BASELINE") { return .baseline(version) }
        }
        return .applied(
          RecordedMigration(version, row[1].text ?? "", checksum: row[3].asText, unfinished: reason))
      },
      insert: { migration, milliseconds in
        [
          (
            """
            INSERT INTO \(quoted(table)) (installed_rank, version, description, type, script, checksum, installed_by,
              execution_time, success)
            SELECT coalesce(max(installed_rank), 0) + 1, ?, ?, 'SQL', ?, ?, 'flotilla', ?, 1 FROM \(quoted(table))
            """,
            [
              .text("\(migration.version ?? 0)"), .text(migration.name), .text(migration.file),
              .integer(Int64(Self.checksum(migration.text))), .integer(Int64(milliseconds)),
            ]
          )
        ]
      },
      delete: { ("DELETE FROM \(quoted(table)) WHERE version = ?", [.text("\($0)")]) },
      settle: { version, isApplied in
        let verb = isApplied ? "UPDATE \(quoted(table)) SET success = 1" : "DELETE FROM \(quoted(table))"
        return ("\(verb) WHERE version = ? AND NOT success AND type NOT LIKE 'UNDO%'", [.text("\(version)")])
      },
      checksum: { text, _ in "\(Self.checksum(text))" })
  }

  /// CRC-32 over the lines without their ends and without a byte order mark, as a signed number.
  static func checksum(_ text: String) -> Int32 {
    var crc: UInt32 = .max
    var bytes = Array(text.utf8)
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes.removeFirst(3) }
    for byte in bytes where byte != 0x0a && byte != 0x0d {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0xedb8_8320 }
    }
    return Int32(bitPattern: ~crc)
  }

  /// Returns a file with one more than the first number of the highest version.
  public func nextFile(
    _ name: String, after paths: [String]
  ) throws(MigrationError) -> (version: MigrationVersion, file: String) {
    let files = paths.map { String(fileName(of: $0).dropFirst()) }
    let (number, digits) = try NumberedFile.next(after: files, digits: 1)
    return (MigrationVersion(number), "V\(digits)__\(name).sql")
  }
}
