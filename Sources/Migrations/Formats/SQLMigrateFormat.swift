internal import SQLite
public import Schema

/// Files of sql-migrate (https://github.com/rubenv/sql-migrate), such as `1_create_users.sql`, with `-- +migrate Up` and
/// `-- +migrate Down`. They are recorded in `gorp_migrations`.
public struct SQLMigrateFormat: MigrationFormat {
  /// Creates the format, which has no options.
  public init() {}

  /// `sql-migrate`
  public var name: String { "sql-migrate" }

  /// The two markers that sql-migrate expects, and a line that no command accepts.
  public var template: String { "-- +migrate Up\n\(MigrationFormats.todo)\n-- +migrate Down\n" }

  /// Accepts `.sql` files in the folder itself, except hidden ones.
  public func includes(_ path: String) -> Bool { FlotillaFormat().includes(path) }

  /// Whether each file has a line `-- +migrate Up`.
  public func recognizes(_ paths: [String], reading text: (String) -> String?) -> Bool {
    haveMarker("+migrate up", paths, reading: text)
  }

  /// Reads the parts after `-- +migrate Up`. The version is the file's name.
  public func read(_ files: [MigrationFiles.File]) -> (migrations: [Migration], faults: [MigrationError]) {
    let read = readEach(files) { file throws(MigrationError) in
      let marked = try MarkedFile(file, prefix: "+migrate")
      var ups: [Range<Int>] = [try marked.head()]
      var start: Int?
      var isOutside = false
      for marker in marked.markers {
        let words = marker.text.split(separator: " ").dropFirst().map(String.init)
        guard marked.lines[marker.line].hasPrefix("-- +migrate ") else {
          throw marked.error(marker, "sql-migrate wants exactly one space on each side of '+migrate'")
        }
        switch words.first {
        case "Up":
          if let begin = start { ups.append(begin..<marker.line) }
          start = marker.line + 1
          if words.contains("notransaction") { isOutside = true }
        case "Down":
          if let begin = start { ups.append(begin..<marker.line) }
          start = nil
        case "StatementBegin", "StatementEnd": break
        default: throw marked.error(marker, "sql-migrate has no annotation '\(marker.text)'")
        }
      }
      if let begin = start { ups.append(begin..<marked.lines.count) }
      guard ups.count > 1 else { throw marked.error(nil, "'-- +migrate Up' is missing") }
      let stem = file.name.dropLast(4)
      let name = stem.drop { $0.isASCII && $0.isNumber }.drop { "_-".contains($0) }
      return .foreign(
        version: MigrationVersion(file.name), name: String(name.isEmpty ? stem : name), file: file,
        up: marked.text(of: ups), isOutsideTransaction: isOutside)
    }
    return (read.migrations, read.faults + Self.misordered(read.migrations, by: Self.isBefore))
  }

  /// The order of sql-migrate: first by the number at the beginning, if there is one, then by the name as text.
  private static func isBefore(_ one: Migration, _ other: Migration) -> Bool {
    func number(_ migration: Migration) -> Int64? {
      Int64(migration.file.prefix { $0.isASCII && $0.isNumber })
    }
    switch (number(one), number(other)) {
    case (let one?, let other?) where one != other: return one < other
    case (nil, _?): return false
    case (_?, nil): return true
    default: return one.file.utf8.lexicographicallyPrecedes(other.file.utf8)
    }
  }

  /// Returns `gorp_migrations`, or the table that fleet.yml names.
  public func historyTable(
    _ migrations: [Migration], _ folder: MigrationFolder
  ) throws(MigrationError) -> any HistoryTable {
    let table = folder.table ?? "gorp_migrations"
    return ToolHistoryTable(
      tool: "sql-migrate", name: table,
      create: """
        CREATE TABLE IF NOT EXISTS \(quoted(table)) ("id" varchar(255) not null primary key, "applied_at" datetime)
        """,
      version: "id", time: "applied_at", now: "strftime('%Y-%m-%d %H:%M:%f', 'now') || '+00:00'",
      of: migrations)
  }

  /// Returns a file that begins with the current time, or with the next number if the files have short numbers.
  public func nextFile(
    _ name: String, after paths: [String]
  ) throws(MigrationError) -> (version: MigrationVersion, file: String) {
    let file =
      paths.isEmpty
      ? "\(NumberedFile.timestamp())-\(name).sql" : try NumberedFile.nextLike(paths, name, digits: 1).file
    return (MigrationVersion(file), file)
  }
}
