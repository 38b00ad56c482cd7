/// The forms that a database of this program's own has had, by version. A database says its version in
/// `PRAGMA user_version`.
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
  /// Brings a database to the next version. It runs in the transaction of the whole upgrade.
  public typealias Step = (Connection) throws -> Void

  private let steps: [Step]

  /// - Parameter steps: the step at index 0 makes version 1 of an empty file, and of any form from before versions were
  ///   said; the one at index 1 makes version 2 of version 1.
  public init(steps: [Step]) { self.steps = steps }

  /// Makes sure that this program knows the version of the file at `path`. Nothing of the file is
  /// changed, but that the journal of a crashed writer is rolled back.
  ///
  /// - Throws: `NewerVersion` where it doesn't; `SQLiteError` where the file can't be read.
  public func check(_ path: String) throws {
    do {
      try check(path, .readOnly)
    } catch let error as SQLiteError where error.code == .needsRollback {
      // A writer crashed. Nobody can read the version before its unfinished transaction is taken back.
      try check(path, .readWrite)
    }
  }

  private func check(_ path: String, _ access: Connection.Access) throws {
    let database = try Connection(path: path, access: access)
    defer { database.close() }
    try check(version(of: database))
  }

  /// Brings a database to the latest version, in one transaction. One that is there already isn't locked.
  ///
  /// - Throws: `NewerVersion`, or what a step throws; the database is as it was then.
  public func upgrade(_ database: Connection) throws {
    guard try version(of: database) != steps.count else { return }
    try database.transaction {
      // Another process may have upgraded it meanwhile.
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

/// A database of this program's own has a version that the program doesn't know.
public struct NewerVersion: Error, Hashable, Sendable {
  /// The version of the database.
  public let found: Int
  /// The latest version that the program knows.
  public let known: Int
}
