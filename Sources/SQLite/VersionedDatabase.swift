/// The schema versions of one of Flotilla's own databases. The version of a file is its `PRAGMA user_version`.
///
/// ```swift
/// let forms = VersionedDatabase(steps: [
///   { try $0.executeScript("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT) STRICT") },
///   { try $0.executeScript("ALTER TABLE notes ADD COLUMN author TEXT") },
/// ])
/// try forms.check(path)
/// try forms.upgrade(Connection(path: path, access: .readWrite))
/// ```
public struct VersionedDatabase {
  /// Upgrades a database to the next version. It runs in the transaction of the whole upgrade.
  public typealias Step = (Connection) throws -> Void

  private let steps: [Step]

  /// - Parameter steps: the upgrades in order. The step at index 0 creates version 1 from an empty file, or from a
  ///   database that is older than this version number; the step at index 1 upgrades version 1 to version 2.
  public init(steps: [Step]) { self.steps = steps }

  /// Verifies that the program knows the version of the file at `path`. This changes nothing in the file, except that
  /// the journal of a crashed writer is rolled back.
  ///
  /// - Throws: `NewerVersion` if the version is unknown; `SQLiteError` if the file can't be read.
  public func check(_ path: String) throws {
    do {
      try check(path, .readOnly)
    } catch let error as SQLiteError where error.code == .needsRollback {
      // A writer crashed. Its unfinished transaction must be rolled back before anybody can read the version.
      try check(path, .readWrite)
    }
  }

  private func check(_ path: String, _ access: Connection.Access) throws {
    let database = try Connection(path: path, access: access)
    defer { database.close() }
    try check(version(of: database))
  }

  /// Upgrades a database to the latest version, in one transaction. A database at the latest version isn't locked.
  ///
  /// - Throws: `NewerVersion`, or what a step throws. The database is then unchanged.
  public func upgrade(_ database: Connection) throws {
    guard try version(of: database) != steps.count else { return }
    try database.transaction {
      // Another process may have upgraded the database in the meantime.
      let found = try version(of: database)
      try check(found)
      for step in steps[found...] { try step(database) }
      try database.execute("PRAGMA user_version = \(steps.count)")
    }
  }

  private func version(of database: Connection) throws -> Int {
    Int(try database.scalar("PRAGMA user_version")?.integer ?? 0)
  }

  private func check(_ version: Int) throws {
    guard 0...steps.count ~= version else { throw NewerVersion(found: version, known: steps.count) }
  }
}

/// One of Flotilla's own databases has a version that this program doesn't know.
public struct NewerVersion: Error, Hashable, Sendable {
  /// The version of the database.
  public let found: Int
  /// The latest version that the program knows.
  public let known: Int
}
