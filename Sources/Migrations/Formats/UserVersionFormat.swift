internal import SQLite
public import Schema

/// Numbered files, such as `0007_add_email.sql`, or SQLDelight's `6.sqm`. The version is that of `PRAGMA user_version`.
///
/// Numbered files alone don't tell this format, so fleet.yml has to name it.
public struct UserVersionFormat: MigrationFormat {
  /// Creates the format, which has no options.
  public init() {}

  /// `user_version`
  public var name: String { "user_version" }

  /// An empty file, which no command accepts.
  public var template: String { "" }

  /// Accepts `.sql` and `.sqm` files in the folder itself that begin with a digit.
  public func includes(_ path: String) -> Bool {
    NumberedFile.isNumbered(path) || path.hasSuffix(".sqm") && !path.contains("/")
  }

  /// Whether there are SQLDelight's files.
  public func recognizes(_ paths: [String], reading text: (String) -> String?) -> Bool {
    paths.contains { $0.hasSuffix(".sqm") && !$0.contains("/") }
  }

  /// Reads whole files. SQLDelight's file `6.sqm` leads from version 6 to version 7.
  public func read(_ files: [MigrationFiles.File]) -> (migrations: [Migration], faults: [MigrationError]) {
    readEach(files) { file throws(MigrationError) in
      let digits = file.name.prefix { $0.isASCII && $0.isNumber }
      let isSQLDelight = file.name.hasSuffix(".sqm")
      guard let number = Int32(digits), number > 0, number < .max,
        !isSQLDelight || file.name.count == digits.count + 4
      else {
        throw MigrationError(
          .malformedName, file: file.name,
          "a migration's name begins with a number from 1 on, such as 7_add_email.sql; SQLDelight's is 6.sqm")
      }
      let rest = file.name.dropFirst(digits.count).dropLast(4).drop { "_-".contains($0) }
      let name = isSQLDelight ? "\(digits).sqm" : String(rest)
      return .foreign(
        version: MigrationVersion(Int64(number) + (isSQLDelight ? 1 : 0)), name: name, file: file)
    }
  }

  /// Returns `PRAGMA user_version`.
  public func historyTable(
    _ migrations: [Migration], _ folder: MigrationFolder
  ) throws(MigrationError) -> any HistoryTable {
    guard folder.table == nil else {
      throw MigrationError(.format, file: folder.path, "the format user_version has no table: remove 'table'")
    }
    return UserVersionHistory(migrations: migrations)
  }

  /// Returns one more than the highest number.
  public func nextFile(
    _ name: String, after paths: [String]
  ) throws(MigrationError) -> (version: MigrationVersion, file: String) {
    let (number, digits) = try NumberedFile.next(after: paths, digits: 1)
    guard paths.contains(where: { $0.hasSuffix(".sqm") }) else {
      return (MigrationVersion(number), "\(digits)_\(name).sql")
    }
    return (MigrationVersion(number + 1), "\(digits).sqm")
  }
}

/// The history that is only a number, `PRAGMA user_version`. All migrations up to it were applied.
struct UserVersionHistory: HistoryTable {
  let migrations: [Migration]

  var name: String { "" }

  var ownTables: Set<String> { [] }

  /// Reads the number. A database whose number is 0 is untracked, unless it has no table yet.
  func read(_ database: Connection) throws(SQLiteError) -> History {
    let number = try database.scalar("PRAGMA user_version")?.integer ?? 0
    guard number != 0 else {
      return History(recorded: nil, foreign: try ForeignHistory(in: database, apartFrom: [], columns: []))
    }
    if let foreign = try ForeignHistory(in: database, apartFrom: [], columns: [], knowsUserVersion: true) {
      return History(recorded: nil, foreign: foreign)
    }
    let version = MigrationVersion(number)
    let before = migrations.filter { $0.version.map { $0 < version } ?? false }
    let name = migrations.first { $0.version == version }?.name ?? ""
    return History(
      before.compactMap { migration in migration.version.map { RecordedMigration($0, migration.name) } }
        + [RecordedMigration(version, name)])
  }

  func create(in database: Connection) throws(SQLiteError) {}

  func record(
    _ migration: Migration, milliseconds: Double, _ write: (_ sql: String, _ values: [Value]) throws -> Void
  ) throws {
    try write("PRAGMA user_version = \(migration.version?.number ?? 0)", [])
  }

  func removeRecord(of version: MigrationVersion, in database: Connection) throws(SQLiteError) {
    let before = migrations.last { $0.version.map { $0 < version } ?? false }?.version ?? 0
    try database.execute("PRAGMA user_version = \(before.number ?? 0)")
  }
}
