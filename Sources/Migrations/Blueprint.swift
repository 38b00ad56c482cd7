internal import SQLite
public import Schema
internal import Synchronization

/// What databases of this application should look like: the result of baseline and migrations on an empty
/// database in memory. Each set of versions is replayed once.
public final class Blueprint: Sendable {
  private let set: MigrationSet
  private let ignored: [IgnoreRule]
  private let schemas = Mutex<[[Int64]: Schema]>([:])
  private let wholes = Mutex<[[Int64]: Schema]>([:])
  private let changes = Mutex<[Int64: [Schema.Change]]?>(nil)

  /// Prepares to replay `set`; nothing runs yet.
  public init(_ set: MigrationSet, ignoring ignored: [IgnoreRule] = []) {
    self.set = set
    self.ignored = ignored
  }

  /// The schema of a database that has the baseline and these versions.
  ///
  /// - Throws: `MigrationFailure` where the files don't run on an empty database.
  public func schema(of versions: [Int64]) throws -> Schema {
    // Held while it replays, so that lanes which ask for the same at once wait instead of replaying it too.
    try schemas.withLock { schemas in
      if let known = schemas[versions] { return known }
      let schema = try replay(Set(versions), ignored)
      schemas[versions] = schema
      return schema
    }
  }

  /// The schema of a database that has the baseline and these versions, ignored objects included.
  ///
  /// - Throws: `MigrationFailure` where the files don't run on an empty database.
  public func wholeSchema(of versions: [Int64]) throws -> Schema {
    try wholes.withLock { wholes in
      if let known = wholes[versions] { return known }
      let schema = try replay(Set(versions), [])
      wholes[versions] = schema
      return schema
    }
  }

  /// What each migration does to the schema, where all before it were applied. All are replayed once, one by one.
  ///
  /// - Throws: `MigrationFailure` where the files don't run on an empty database.
  public func changesByVersion() throws -> [Int64: [Schema.Change]] {
    if let known = changes.withLock({ $0 }) { return known }
    let database = try Connection(path: "", access: .memory)
    try database.execute("BEGIN")
    defer { database.rollback() }
    let migrator = Migrator(database, checksRequirements: false)
    _ = try migrator.apply(Plan(baseline: set.baseline, pending: []))
    var before = try Schema(reading: database, ignoring: ignored)
    var found: [Int64: [Schema.Change]] = [:]
    for migration in set.migrations where !migration.runsAlone {
      guard let version = migration.version else { continue }
      _ = try migrator.apply(Plan(baseline: nil, pending: [migration]))
      let after = try Schema(reading: database, ignoring: ignored)
      found[version] = before.changes(to: after)
      before = after
    }
    changes.withLock { $0 = found }
    return found
  }

  /// The schema of a fresh installation, where there is a script for it.
  ///
  /// - Throws: `MigrationError` with the line of the script that SQLite doesn't accept.
  public func freshSchema() throws -> Schema? {
    guard let (text, file) = set.schema else { return nil }
    let database = try Connection(path: "", access: .memory)
    for statement in SQLScript(text).statements {
      do {
        try database.execute(statement.sql)
      } catch {
        let line = error.offset.map { statement.line(at: $0) } ?? statement.line
        throw MigrationError(.sql, file: file, line: line, error.description)
      }
    }
    try database.execute(History.table)
    return try Schema(reading: database, ignoring: ignored)
  }

  private func replay(_ versions: Set<Int64>, _ ignored: [IgnoreRule]) throws -> Schema {
    let database = try Connection(path: "", access: .memory)
    let migrations = set.migrations.filter { versions.contains($0.version ?? 0) }
    let plan = Plan(
      baseline: set.baseline, pending: migrations.filter { !$0.runsAlone })
    try database.execute("BEGIN")
    _ = try Migrator(database, checksRequirements: false).apply(plan)
    let schema = try Schema(reading: database, ignoring: ignored)
    database.rollback()
    return schema
  }

  /// Tries every file on an empty database, so that a fault in one is found before any installation is opened.
  ///
  /// - Throws: `MigrationFailure` or `MigrationError`, with file and line.
  public func rehearse() throws {
    let check = try SyntaxCheck()
    for migration in [set.baseline].compactMap(\.self) + set.migrations {
      if let first = try check.faults(of: migration).first { throw first }
    }
    _ = try schema(of: set.migrations.compactMap(\.version))
  }
}
