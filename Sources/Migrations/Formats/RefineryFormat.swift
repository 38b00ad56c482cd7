internal import SQLite
public import Schema

/// Files of refinery (https://github.com/rust-db/refinery), such as `V1__create_users.sql`. They are recorded in
/// `refinery_schema_history`.
public struct RefineryFormat: MigrationFormat {
  /// Creates the format, which has no options.
  public init() {}

  /// `refinery`
  public var name: String { "refinery" }

  /// An empty file, which no command accepts.
  public var template: String { "" }

  /// Accepts `.sql` files that begin with `V` or `U` and a digit.
  public func includes(_ path: String) -> Bool {
    path.hasSuffix(".sql") && (path.hasPrefix("V") || path.hasPrefix("U")) && path.contains("__")
      && !path.contains("/") && path.dropFirst().first.map { $0.isASCII && $0.isNumber } ?? false
  }

  /// Whether there are such files, and none of Flyway's other kinds.
  public func recognizes(_ paths: [String], reading text: (String) -> String?) -> Bool {
    paths.contains(where: includes)
      && !paths.contains { $0.hasPrefix("R__") || ($0.hasPrefix("B") && $0.contains("__")) }
  }

  /// Reads whole files.
  public func read(_ files: [MigrationFiles.File]) -> (migrations: [Migration], faults: [MigrationError]) {
    readEach(files) { file throws(MigrationError) in
      let stem = file.name.dropFirst().dropLast(4)
      let digits = stem.prefix { $0.isASCII && $0.isNumber }
      let rest = stem.dropFirst(digits.count)
      guard let number = Int32(digits), rest.hasPrefix("__"), rest.count > 2,
        rest.dropFirst(2).allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" })
      else {
        throw MigrationError(
          .malformedName, file: file.name,
          "a migration's name is V, a number of at most 32 bits, two underscores and words, such as V7__add_email.sql"
        )
      }
      return .foreign(version: MigrationVersion(Int64(number)), name: String(rest.dropFirst(2)), file: file)
    }
  }

  /// Returns `refinery_schema_history`, or the table that fleet.yml names.
  public func historyTable(
    _ migrations: [Migration], _ folder: MigrationFolder
  ) throws(MigrationError) -> any HistoryTable {
    let table = folder.table ?? "refinery_schema_history"
    return ToolHistoryTable(
      tool: "refinery", name: table,
      create: [
        """
        CREATE TABLE IF NOT EXISTS \(quoted(table)) (version INT4 PRIMARY KEY, name VARCHAR(255),
          applied_on VARCHAR(255), checksum VARCHAR(255))
        """
      ],
      columns: ["version", "name", "applied_on", "checksum"],
      decode: { row in
        guard let version = row[0].integer else { return .unreadable }
        return .applied(
          RecordedMigration(MigrationVersion(version), row[1].text ?? "", checksum: row[3].asText))
      },
      insert: { migration, _ in
        [
          (
            """
            INSERT INTO \(quoted(table)) (version, name, applied_on, checksum)
            VALUES (?, ?, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'), ?)
            """,
            [
              migration.recordedVersion, .text(migration.name),
              .text(Self.checksum(migration.text, migration)),
            ]
          )
        ]
      },
      delete: { ("DELETE FROM \(quoted(table)) WHERE version = ?", [$0.value]) },
      checksum: Self.checksum,
      obstacle: { database throws(SQLiteError) in
        let type = try database.scalar(
          "SELECT upper(type) FROM pragma_table_info(?) WHERE name = 'version'", [.text(table)])?.text
        return type == "INT8"
          ? "refinery made this table with its feature int8-versions, whose checksums are others: not supported here"
          : nil
      })
  }

  /// SipHash-1-3 with key 0 over name, version and text, each as Rust hashes it, in decimal digits.
  static func checksum(_ text: String, _ migration: Migration) -> String {
    var hash = SipHash13()
    hash.update(Array(migration.name.utf8) + [0xff])
    let number = Int32(truncatingIfNeeded: migration.version?.number ?? 0)
    hash.update(withUnsafeBytes(of: number.littleEndian) { Array($0) })
    hash.update(Array(text.utf8) + [0xff])
    return "\(hash.finish())"
  }

  /// Returns one more than the highest number.
  public func nextFile(
    _ name: String, after paths: [String]
  ) throws(MigrationError) -> (version: MigrationVersion, file: String) {
    let (number, digits) = try NumberedFile.next(after: paths.map { String($0.dropFirst()) }, digits: 1)
    return (MigrationVersion(number), "V\(digits)__\(name).sql")
  }
}
