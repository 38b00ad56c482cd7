internal import SQLite
public import Schema

/// Files of goose (https://github.com/pressly/goose), such as `00001_create_users.sql`, with `-- +goose Up` and
/// `-- +goose Down`. They are recorded in `goose_db_version`.
public struct GooseFormat: MigrationFormat {
  /// Creates the format, which has no options.
  public init() {}

  /// `goose`
  public var name: String { "goose" }

  /// The two markers that goose expects, and a line that no command accepts.
  public var template: String { "-- +goose Up\n\(MigrationFormats.todo)\n-- +goose Down\n" }

  /// Accepts `.sql` files in the folder itself, except hidden ones, and migrations in Go, which are errors.
  public func includes(_ path: String) -> Bool { FlotillaFormat().includes(path) || isProgram(path) }

  /// Whether a file is a migration in Go.
  private func isProgram(_ path: String) -> Bool {
    path.hasSuffix(".go") && !path.hasSuffix("_test.go") && path.contains("_") && !path.contains("/")
      && path.first.map { $0.isASCII && $0.isNumber } ?? false
  }

  /// Whether each file has a line `-- +goose Up`.
  public func recognizes(_ paths: [String], reading text: (String) -> String?) -> Bool {
    haveMarker("+goose up", paths, reading: text)
  }

  /// Reads the part between `-- +goose Up` and `-- +goose Down`.
  public func read(_ files: [MigrationFiles.File]) -> (migrations: [Migration], faults: [MigrationError]) {
    readEach(files) { file throws(MigrationError) in
      guard !isProgram(file.name) else {
        throw MigrationError(
          .format, file: file.name,
          "this migration is a program in Go, which is not run here: only SQL files are")
      }
      let (number, name) = try NumberedFile.parse(file.name, separator: "_")
      guard number > 0 else {
        throw MigrationError(.malformedName, file: file.name, "goose's versions are greater than zero")
      }
      let marked = try MarkedFile(file, prefix: "+goose")
      var ups: [Range<Int>] = [try marked.head()]
      var start: Int?
      var isOutside = false
      var isDown = false
      for marker in marked.markers {
        let words = marker.text.folded.split(separator: " ").dropFirst().joined(separator: " ")
        switch words {
        case "up":
          guard start == nil, ups.count == 1, !isDown else {
            throw marked.error(
              marker, "there is more than one '-- +goose Up', or it stands after '-- +goose Down'")
          }
          start = marker.line + 1
        case "down":
          guard let begin = start, !isDown else {
            throw marked.error(marker, "'-- +goose Down' stands before '-- +goose Up', or twice")
          }
          ups.append(begin..<marker.line)
          start = nil
          isDown = true
        case "statementbegin", "statementend", "envsub off", "envsubst off": break
        case "no transaction": isOutside = true
        case "envsub on", "envsubst on":
          throw marked.error(
            marker,
            "'\(marker.text)' puts environment variables into the SQL, which is not done here: "
              + "write the values into the file")
        default: throw marked.error(marker, "goose has no annotation '\(marker.text)'")
        }
      }
      if let begin = start { ups.append(begin..<marked.lines.count) }
      guard ups.count > 1 else { throw marked.error(nil, "'-- +goose Up' is missing") }
      return .foreign(
        version: MigrationVersion(number), name: name, file: file, up: marked.text(of: ups),
        isOutsideTransaction: isOutside)
    }
  }

  /// Returns `goose_db_version`, or the table that fleet.yml names.
  public func historyTable(
    _ migrations: [Migration], _ folder: MigrationFolder
  ) throws(MigrationError) -> any HistoryTable {
    let table = folder.table ?? "goose_db_version"
    let names = migrations.namesByVersion
    return ToolHistoryTable(
      tool: "goose", name: table,
      create: [
        """
        CREATE TABLE IF NOT EXISTS \(quoted(table)) (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL,
          is_applied INTEGER NOT NULL, tstamp TIMESTAMP DEFAULT (datetime('now')))
        """,
        """
        INSERT INTO \(quoted(table)) (version_id, is_applied) SELECT 0, 1
        WHERE NOT EXISTS (SELECT 1 FROM \(quoted(table)))
        """,
      ],
      columns: ["version_id", "is_applied"], order: "id",
      decode: { row in
        guard let version = row[0].integer else { return .unreadable }
        // goose inserts a row with version 0 when it creates the table. A row that isn't applied undoes earlier ones.
        if version == 0 { return .none }
        return row[1].isTrue
          ? .applied(RecordedMigration(MigrationVersion(version), names[MigrationVersion(version)] ?? ""))
          : .removed(MigrationVersion(version))
      },
      insert: { migration, _ in
        [("INSERT INTO \(quoted(table)) (version_id, is_applied) VALUES (?, 1)", [migration.recordedVersion])]
      },
      delete: { ("DELETE FROM \(quoted(table)) WHERE version_id = ?", [$0.value]) })
  }

  /// Returns one more than the highest number, in five digits, or the current time where the files have times.
  public func nextFile(
    _ name: String, after paths: [String]
  ) throws(MigrationError) -> (version: MigrationVersion, file: String) {
    try NumberedFile.nextFile(name, after: paths, digits: 5)
  }
}
