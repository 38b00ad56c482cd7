internal import SQLite
public import Schema

/// Files of dbmate (https://github.com/amacneil/dbmate), such as `20240101120000_create_users.sql`, with
/// `-- migrate:up` and `-- migrate:down`. They are recorded in `schema_migrations (version)`.
public struct DbmateFormat: MigrationFormat {
  /// Creates the format, which has no options.
  public init() {}

  /// `dbmate`
  public var name: String { "dbmate" }

  /// The two markers that dbmate expects.
  public var template: String { "-- migrate:up\n\n\n-- migrate:down\n\n" }

  /// Accepts `.sql` files in the folder itself that begin with a digit.
  public func includes(_ path: String) -> Bool {
    NumberedFile.isNumbered(path)
  }

  /// Whether each file has a line `-- migrate:up`.
  public func recognizes(_ paths: [String], reading text: (String) -> String?) -> Bool {
    haveMarker("migrate:up", paths, reading: text)
  }

  /// Reads the parts between `-- migrate:up` and `-- migrate:down`.
  public func read(_ files: [MigrationFiles.File]) -> (migrations: [Migration], faults: [MigrationError]) {
    let read = readEach(files) { file throws(MigrationError) in
      let digits = file.name.prefix { $0.isASCII && $0.isNumber }
      let marked = MarkedFile(file, prefix: "migrate:")
      var ups: [Range<Int>] = []
      var start: Int?
      var isOutside = false
      for marker in marked.markers {
        let words = marker.text.split(separator: " ").map(String.init)
        if let begin = start { ups.append(begin..<marker.line) }
        start = nil
        switch words.first {
        case "migrate:up":
          start = marker.line + 1
          if words.contains("transaction:false") { isOutside = true }
        case "migrate:down": break
        default: throw marked.error(marker, "dbmate has no block '\(marker.text)'")
        }
      }
      if let begin = start { ups.append(begin..<marked.lines.count) }
      guard !ups.isEmpty else { throw marked.error(nil, "'-- migrate:up' is missing") }
      let stem = file.name.dropFirst(digits.count).dropLast(4)
      return .foreign(
        version: MigrationVersion(String(digits)), name: String(stem.drop { $0 == "_" }), file: file,
        up: marked.text(of: ups), isOutsideTransaction: isOutside)
    }
    return (read.migrations, read.faults + Self.misordered(read.migrations))
  }

  /// Returns `schema_migrations`, or the table that fleet.yml names.
  public func historyTable(
    _ migrations: [Migration], _ folder: MigrationFolder
  ) throws(MigrationError) -> any HistoryTable {
    let table = folder.table ?? "schema_migrations"
    let names = migrations.namesByVersion
    return ToolHistoryTable(
      tool: "dbmate", name: table,
      create: ["CREATE TABLE IF NOT EXISTS \(quoted(table)) (version varchar(128) primary key)"],
      columns: ["version"], isOnlyWith: ["version"],
      decode: { row in
        guard let text = row[0].asText else { return .unreadable }
        let version = MigrationVersion(text)
        return .applied(RecordedMigration(version, names[version] ?? ""))
      },
      insert: { migration, _ in
        [("INSERT INTO \(quoted(table)) (version) VALUES (?)", [.text("\(migration.version ?? 0)")])]
      },
      delete: { ("DELETE FROM \(quoted(table)) WHERE version = ?", [.text("\($0)")]) })
  }

  /// Returns a file that begins with the current time.
  public func nextFile(
    _ name: String, after paths: [String]
  ) throws(MigrationError) -> (version: MigrationVersion, file: String) {
    let time = NumberedFile.timestamp()
    return (MigrationVersion(time), "\(time)_\(name).sql")
  }
}
