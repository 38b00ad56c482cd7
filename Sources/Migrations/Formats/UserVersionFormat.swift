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

  /// Accepts `.sql` and `.sqm` files in the folder itself, except those that undo a migration. Those without a number
  /// are errors.
  public func includes(_ path: String) -> Bool {
    NumberedFile.isApplied(path) || path.hasSuffix(".sqm") && !path.contains("/") && !path.hasPrefix(".")
  }

  /// Whether there are SQLDelight's files.
  public func recognizes(_ paths: [String], reading text: (String) -> String?) -> Bool {
    paths.contains { $0.hasSuffix(".sqm") && includes($0) }
  }

  /// Reads whole files. SQLDelight's file `6.sqm` leads from version 6 to version 7.
  public func read(_ files: [MigrationFiles.File]) -> (migrations: [Migration], faults: [MigrationError]) {
    let read = readEach(files) { file throws(MigrationError) in
      let isSQLDelight = file.name.hasSuffix(".sqm")
      let (number, name) = try NumberedFile.parse(file.name)
      guard number > 0, number < Int32.max, !isSQLDelight || name.isEmpty else {
        throw MigrationError(
          .malformedName, file: file.name,
          "a migration's name begins with a number from 1 on, such as 7_add_email.sql; SQLDelight's is 6.sqm")
      }
      return .foreign(
        version: MigrationVersion(isSQLDelight ? number + 1 : number), name: isSQLDelight ? file.name : name,
        file: file)
    }
    return (read.migrations, read.faults + read.migrations.flatMap(Self.contradictions))
  }

  /// Errors for statements that set `user_version` to another number than that of the file.
  private static func contradictions(in migration: Migration) -> [MigrationError] {
    migration.steps.flatMap(\.statements).compactMap { statement in
      guard statement.tokens.first?.isKeyword("pragma") == true,
        StatementRules.pragmaName(statement.tokens) == "user_version",
        let number = statement.tokens.first(where: { $0.kind == .number }),
        number.text != "\(migration.version ?? 0)"
      else { return nil }
      return MigrationError(
        .forbidden, file: migration.file, line: statement.line,
        "it sets user_version to \(number.text), but by its name the file leads to version \(migration.version ?? 0)"
      )
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
    guard paths.contains(where: { $0.hasSuffix(".sqm") }) else {
      return try NumberedFile.nextLike(paths, name, digits: 1)
    }
    let (number, digits) = try NumberedFile.next(after: paths, digits: 1)
    return (MigrationVersion(number + 1), "\(digits).sqm")
  }
}

/// The history that is only a number, `PRAGMA user_version`. All migrations up to it were applied.
struct UserVersionHistory: HistoryTable {
  let migrations: [Migration]

  var name: String { "" }

  var ownTables: Set<String> { [] }

  func history(userVersion: Int32) -> History? { history(Int64(userVersion)) }

  /// Reads the number. A database whose number is 0 is untracked.
  func read(_ database: Connection) throws(SQLiteError) -> History {
    let number = try database.scalar("PRAGMA user_version")?.integer ?? 0
    let foreign = try ForeignHistory(
      in: database, apartFrom: [], columns: [], knowsUserVersion: true)
    return foreign.map { History(recorded: nil, foreign: $0) } ?? history(number)
  }

  /// The history of a database with this number and without the history of another tool.
  ///
  /// A number below the first migration is that of the version from which the migrations start. One above the last
  /// migration is unknown.
  func history(_ number: Int64) -> History {
    guard number != 0 else { return History(recorded: nil) }
    let version = MigrationVersion(number)
    var records = migrations.compactMap { migration in
      migration.version.flatMap { $0 <= version ? RecordedMigration($0, migration.name) : nil }
    }
    if migrations.last?.version ?? 0 < version { records.append(RecordedMigration(version, "")) }
    return History(records)
  }

  func create(in database: Connection) throws(SQLiteError) {}

  func record(
    _ migration: Migration, milliseconds: Double, _ write: (_ sql: String, _ values: [Value]) throws -> Void
  ) throws {
    try write("PRAGMA user_version = \(migration.version?.number ?? 0)", [])
  }

  func removeRecord(of version: MigrationVersion, in database: Connection) throws(SQLiteError) {
    try database.execute("PRAGMA user_version = \((version.number ?? 1) - 1)")
  }
}
