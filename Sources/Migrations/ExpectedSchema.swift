public import SQLite
public import Schema
internal import Synchronization

/// The schema that databases of this application should have: the result of replaying baseline and migrations on an
/// empty database in memory.
///
/// ```swift
/// let set = try MigrationSet.load(folder: "migrations")
/// let expected = ExpectedSchema(set)
/// try expected.validate()
/// let schema = try expected.schema(of: [1, 2, 3])
/// ```
///
/// Each set of versions is replayed once, even if several threads ask for it at the same time. The result is a
/// `Schema`, and a `Difference` describes how a database differs from it. See also ``MigrationSet`` and ``Migrator``.
public final class ExpectedSchema: Sendable {
  /// The default time limit of one replay. It can be short because an empty database has no rows to process.
  public static let timeLimit = Duration.seconds(30)

  let set: MigrationSet
  let ignored: [IgnoreRule]
  private let replays: Replays
  private let count = Atomic(0)
  private let schemas = Mutex<[[MigrationVersion]: Result<Schema, MigrationFailure>]>([:])
  private let wholes = Mutex<[[MigrationVersion]: (schema: Schema, columns: [String: Set<String>])]>([:])
  private let evolved = Mutex<Result<SchemaEvolution, MigrationFailure>?>(nil)
  /// The stages by the versions before, with the migration's own version last.
  let staged = Mutex<[[MigrationVersion]: MigrationStages]>([:])

  /// Prepares to replay `set`; nothing runs yet.
  ///
  /// - Parameters:
  ///   - set: the migrations to replay.
  ///   - ignored: rules for the objects to leave out of each schema.
  ///   - limit: how long one replay may take.
  ///   - cancellation: ends a replay, which then fails.
  public init(
    _ set: MigrationSet, ignoring ignored: [IgnoreRule] = [], limit: Duration = ExpectedSchema.timeLimit,
    cancellation: Cancellation? = nil
  ) {
    self.set = set
    self.ignored = ignored + set.historyRules
    replays = Replays(historyTable: set.historyTable, limit: limit, cancellation: cancellation)
  }

  /// The schema of a database that has the baseline and these versions, without the ignored objects.
  ///
  /// - Throws: `MigrationFailure` if the files don't run on an empty database, or not in the time allowed.
  public func schema(of versions: [MigrationVersion]) throws -> Schema { try schema(of: versions, replays) }

  private func schema(of versions: [MigrationVersion], _ replays: Replays) throws -> Schema {
    // The lock is held during the replay, so that lanes that ask for the same schema wait instead of replaying it too.
    try schemas.withLock { schemas in
      if let known = schemas[versions] { return try known.get() }
      do {
        let schema = try replay(Set(versions), ignored, replays)
        schemas[versions] = .success(schema)
        return schema
      } catch let failure as MigrationFailure {
        if !replays.isCalledOff { schemas[versions] = .failure(failure) }
        throw failure
      }
    }
  }

  /// The schema of a database that has the baseline and these versions, ignored objects included.
  ///
  /// - Throws: `MigrationFailure` if the files don't run on an empty database, or not in the time allowed.
  public func wholeSchema(of versions: [MigrationVersion]) throws -> Schema { try whole(versions).schema }

  /// The columns of a table in such a database, in lower case, ignored columns included.
  ///
  /// - Throws: `MigrationFailure` if the files don't run on an empty database, or not in the time allowed.
  public func columns(of table: String, at versions: [MigrationVersion]) throws -> Set<String> {
    try whole(versions).columns[table.folded] ?? []
  }

  private func whole(_ versions: [MigrationVersion]) throws -> (
    schema: Schema, columns: [String: Set<String>]
  ) {
    try wholes.withLock { wholes in
      if let known = wholes[versions] { return known }
      let schema = try replay(Set(versions), set.historyRules, replays)
      let whole = (schema: schema, columns: schema.columns)
      wholes[versions] = whole
      return whole
    }
  }

  /// What each migration changes in the schema when all migrations before it have been applied.
  ///
  /// - Throws: `MigrationFailure` if the files don't run on an empty database, or not in the time allowed.
  public func changesByVersion() throws -> [MigrationVersion: [Schema.Change]] {
    try evolution().changesByVersion
  }

  /// How the schema develops from version to version. One replay of the whole set finds out, and the result is kept.
  ///
  /// - Throws: `MigrationFailure` if the files don't run on an empty database, or not in the time allowed.
  public func evolution() throws -> SchemaEvolution {
    try evolved.withLock { evolved in
      if let evolved { return try evolved.get() }
      do {
        let evolution = try replayAll()
        evolved = .success(evolution)
        return evolution
      } catch let failure as MigrationFailure {
        if !replays.isCalledOff { evolved = .failure(failure) }
        throw failure
      }
    }
  }

  private func replayAll() throws -> SchemaEvolution {
    count.add(1, ordering: .relaxed)
    let replay = try replays.begin()
    defer { replay.end() }
    try replay.run(set.baseline)
    let start = try replay.schema(ignoring: ignored)
    var before = start
    var steps: [SchemaEvolution.Step] = []
    for migration in set.migrations {
      guard let version = migration.version else { continue }
      var changes: [Schema.Change] = []
      // What runs outside a transaction (VACUUM, ANALYZE, REINDEX, PRAGMA) changes no schema.
      if !migration.runsOutsideTransaction {
        try replay.run(migration)
        let after = try replay.schema(ignoring: ignored)
        changes = before.changes(to: after)
        before = after
      }
      steps.append(SchemaEvolution.Step(version: version, changes: changes))
    }
    return SchemaEvolution(start: start, steps: steps)
  }

  /// The schema of a fresh installation, as its script creates it.
  ///
  /// - Parameter cancellation: ends the script, instead of the cancellation given to the initializer.
  /// - Returns: the schema, or nil if there is no script.
  /// - Throws: `MigrationError` with the line of the script that SQLite rejects, or that was running when the time was
  ///   over.
  public func freshSchema(calledOffBy cancellation: Cancellation? = nil) throws -> Schema? {
    guard let (text, file) = set.schema else { return nil }
    let replays = replays.calledOff(by: cancellation)
    let deadline = replays.deadline
    let database = try Connection(path: "", access: .memory, deadline: deadline)
    for statement in SQLScript(text).statements {
      do {
        try database.execute(statement.sql)
        try deadline.check()
      } catch {
        let line = error.offset.map { statement.line(at: $0) } ?? statement.line
        let isOver = error.code.primary == .interrupt
        throw MigrationError(
          .sql, file: file, line: line, isOver ? replays.timeIsOver : error.description)
      }
    }
    try set.historyTable.create(in: database)
    return try Schema(reading: database, ignoring: ignored)
  }

  /// How many replays have been started so far.
  var replayed: Int { count.load(ordering: .relaxed) }

  private func replay(_ versions: Set<MigrationVersion>, _ ignored: [IgnoreRule], _ replays: Replays) throws
    -> Schema
  {
    if let made = set.madeSchema {
      count.add(1, ordering: .relaxed)
      let database = try Connection(path: "", access: .memory, deadline: replays.deadline)
      try made.create(in: database)
      return try Schema(reading: database, ignoring: ignored)
    }
    let replay = try beginReplay(of: versions, replays)
    defer { replay.end() }
    return try replay.schema(ignoring: ignored)
  }

  /// Begins a replay, and runs the baseline and these versions. The caller ends it.
  func beginReplay(of versions: Set<MigrationVersion>, _ limits: Replays? = nil) throws -> Replay {
    count.add(1, ordering: .relaxed)
    let replay = try (limits ?? replays).begin()
    try replay.run(set.baseline)
    for migration in set.migrations
    where versions.contains(migration.version ?? 0) && !migration.runsOutsideTransaction {
      try replay.run(migration)
    }
    return replay
  }

  /// Replays all files on an empty database, to find mistakes before any installation is opened.
  ///
  /// - Parameter cancellation: ends the replay, instead of the cancellation given to the initializer.
  /// - Throws: `MigrationFailure` or `MigrationError`, with file and line.
  public func validate(calledOffBy cancellation: Cancellation? = nil) throws {
    let check = try SyntaxCheck()
    for migration in [set.baseline].compactMap(\.self) + set.migrations {
      if let first = try check.faults(of: migration).first { throw first }
    }
    _ = try schema(of: set.migrations.compactMap(\.version), replays.calledOff(by: cancellation))
  }
}
