internal import Basics
internal import SQLite
public import Schema

/// Files of refinery (https://github.com/rust-db/refinery), such as `V1__create_users.sql`. They are recorded in
/// `refinery_schema_history`.
public struct RefineryFormat: MigrationFormat {
  /// Creates the format, which has no options.
  public init() {}

  /// `refinery`
  public var name: String { "refinery" }

  /// Accepts `.sql` files that begin with `V` or `U` and a digit, and such programs in Rust, which are errors.
  public func includes(_ path: String) -> Bool {
    let file = fileName(of: path)
    return (file.hasSuffix(".sql") || file.hasSuffix(".rs")) && (file.hasPrefix("V") || file.hasPrefix("U"))
      && file.contains("__") && file.dropFirst().first.map { $0.isASCII && $0.isNumber } ?? false
  }

  /// Whether there are such files, and none that only Flyway has.
  public func recognizes(_ paths: [String], reading text: (String) -> String?) -> Bool {
    let own = paths.filter(includes)
    return !own.isEmpty && own.allSatisfy { $0.hasSuffix(".rs") || Self.parts(of: $0) != nil }
      && !paths.contains { path in
        let file = fileName(of: path)
        return file.hasPrefix("R__") || file.hasPrefix("B") && file.contains("__")
          || file.hasSuffix(".sql.conf")
      }
  }

  /// The number and the name of a migration; nil if the file's name has another form.
  private static func parts(of path: String) -> (number: Int32, name: String)? {
    let stem = fileName(of: path).dropFirst().dropLast(4)
    let digits = stem.prefix { $0.isASCII && $0.isNumber }
    let rest = stem.dropFirst(digits.count)
    guard let number = Int32(digits), rest.hasPrefix("__"), rest.count > 2,
      rest.dropFirst(2).allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" })
    else { return nil }
    return (number, String(rest.dropFirst(2)))
  }

  /// Reads whole files.
  public func read(_ files: [MigrationFiles.File]) -> (migrations: [Migration], faults: [MigrationError]) {
    readEach(files) { file throws(MigrationError) in
      guard file.name.hasSuffix(".sql") else {
        throw MigrationError(
          .format, file: file.name,
          "this migration is a program in Rust, which is not run here: only SQL files are")
      }
      guard let (number, name) = Self.parts(of: file.name) else {
        throw MigrationError(
          .malformedName, file: file.name,
          "a migration's name is V, a number of at most 32 bits, two underscores and words, such as V7__add_email.sql"
        )
      }
      return .foreign(version: MigrationVersion(Int64(number)), name: name, file: file)
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
      columns: ["version", "name", "applied_on", "checksum"], onlyNullOf: ["applied_on"],
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
      hasNoObstacle: { types in types["version"] != "int8" },
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
    let files = paths.map { String(fileName(of: $0).dropFirst()) }
    let (number, digits) = try NumberedFile.next(after: files, digits: 1)
    return (MigrationVersion(number), "V\(digits)__\(name).sql")
  }
}
