internal import SQLite
public import Schema

/// Files of dbmate (https://github.com/amacneil/dbmate), such as `20240101120000_create_users.sql`, with
/// `-- migrate:up` and `-- migrate:down`. They are recorded in `schema_migrations (version)`.
public struct DbmateFormat: MigrationFormat {
  /// Creates the format, which has no options.
  public init() {}

  /// `dbmate`
  public var name: String { "dbmate" }

  /// The two markers that dbmate expects, and a line that no command accepts.
  public var template: String { "-- migrate:up\n\(MigrationFormats.todo)\n-- migrate:down\n" }

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
      let marked = try MarkedFile(file, prefix: "migrate:")
      var ups: [Range<Int>] = [try marked.head()]
      var start: Int?
      var isOutside = false
      for marker in marked.markers {
        let words = marker.text.split(whereSeparator: \.isWhitespace).map(String.init)
        guard let word = words.first, ["migrate:up", "migrate:down"].contains(word) else {
          // dbmate takes all other words for comments. It distinguishes upper and lower case.
          guard !["migrate:up", "migrate:down"].contains(words.first?.folded) else {
            throw marked.error(marker, "dbmate writes '-- \(marker.text.folded)'")
          }
          continue
        }
        if let begin = start { ups.append(begin..<marker.line) }
        start = word == "migrate:up" ? marker.line + 1 : nil
        if start != nil, words.contains("transaction:false") { isOutside = true }
      }
      if let begin = start { ups.append(begin..<marked.lines.count) }
      guard ups.count > 1 else { throw marked.error(nil, "'-- migrate:up' is missing") }
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
    return ToolHistoryTable(
      tool: "dbmate", name: table,
      create: "CREATE TABLE IF NOT EXISTS \(quoted(table)) (version varchar(128) primary key)",
      version: "version", isAlone: true, isNotBeside: ["ar_internal_metadata"], of: migrations)
  }

  /// Returns a file that begins with the current time, or with the next number if the files have short numbers.
  public func nextFile(
    _ name: String, after paths: [String]
  ) throws(MigrationError) -> (version: MigrationVersion, file: String) {
    let file =
      paths.isEmpty
      ? "\(NumberedFile.timestamp())_\(name).sql" : try NumberedFile.nextLike(paths, name, digits: 1).file
    return (MigrationVersion(String(file.prefix { $0.isNumber })), file)
  }
}
