internal import Basics
public import SQLite
public import Schema

/// A migration that was applied to a database.
public struct AppliedMigration: Hashable, Sendable, Codable {
  /// The migration's version; 0 for the baseline.
  public let version: MigrationVersion
  /// The migration's name.
  public let name: String
  /// How long it took, in milliseconds.
  public let milliseconds: Double
  /// How many rows were lost, by table, as the migration declares.
  public let rowsDeleted: [String: Int]
  /// How the content of the tables changed that existed before.
  public let changes: [ContentChange]

  enum CodingKeys: String, CodingKey {
    case version, name, milliseconds, changes
    case rowsDeleted = "rows_deleted"
  }

  /// Creates the description of an applied migration.
  public init(
    version: MigrationVersion, name: String, milliseconds: Double, rowsDeleted: [String: Int],
    changes: [ContentChange] = []
  ) {
    self.version = version
    self.name = name
    self.milliseconds = milliseconds
    self.rowsDeleted = rowsDeleted
    self.changes = changes
  }

  /// Decodes the value. `changes` may be missing, as in reports of earlier versions.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      version: try fields.decode(MigrationVersion.self, forKey: .version),
      name: try fields.decode(String.self, forKey: .name),
      milliseconds: try fields.decode(Double.self, forKey: .milliseconds),
      rowsDeleted: try fields.decode([String: Int].self, forKey: .rowsDeleted),
      changes: try fields.decodeIfPresent([ContentChange].self, forKey: .changes) ?? [])
  }
}

/// Runs migrations on one connection. The caller begins the transaction, and commits it or rolls it back.
///
/// ```swift
/// let migrator = Migrator(database, set.historyTable)
/// let plan = set.plan(for: try set.historyTable.read(database))
/// for migration in try migrator.apply(plan) {
///   print("\(migration.name): \(migration.milliseconds) ms")
/// }
/// ```
///
/// Each migration is checked when it has run: its expectations must hold, and undeclared losses of rows and suspicious
/// changes of content are failures, all of one migration together. A migration with `@transaction none` requires that
/// no transaction is open. ``MigrationSet`` makes the ``Plan``; `Connection.beginTransaction` begins a suitable transaction.
public struct Migrator {
  private let database: Connection
  private let historyTable: any HistoryTable
  private let checksRequirements: Bool
  private let referrers: (String) -> [String]
  private let willWrite: (String, Migration) throws -> Void
  private let undeclared: (MigrationFailure) throws -> Void
  /// Called after each statement inside a transaction, with what it wrote.
  var didRun: (ScriptStatement, Writes) throws -> Void = { _, _ in }

  /// Creates a migrator.
  ///
  /// - Parameters:
  ///   - database: a connection with foreign keys off, in a transaction.
  ///   - historyTable: the table in which the migrations are recorded.
  ///   - checksRequirements: false for a replay on an empty database, where requirements needn't hold.
  ///   - referrers: returns the tables that refer to a table. Their rows are counted too.
  ///   - willWrite: called before a statement that may change a table, with the table and the statement's migration,
  ///     once for each table that it may change.
  ///   - undeclared: called with the failure for all effects that a migration doesn't declare. If it returns, the
  ///     migrator goes on as if they were declared. By default, it throws the failure.
  public init(
    _ database: Connection, _ historyTable: any HistoryTable, checksRequirements: Bool = true,
    referrers: @escaping (String) -> [String] = { _ in [] },
    willWrite: @escaping (String, Migration) throws -> Void = { _, _ in },
    undeclared: @escaping (MigrationFailure) throws -> Void = { throw $0 }
  ) {
    self.database = database
    self.historyTable = historyTable
    self.checksRequirements = checksRequirements
    self.referrers = referrers
    self.willWrite = willWrite
    self.undeclared = undeclared
  }

  /// Runs the baseline, if the plan has one, and all pending migrations, and records them.
  ///
  /// - Returns: the applied migrations, in order.
  /// - Throws: `MigrationFailure` for a migration that failed, or `SQLiteError`. The caller must roll back.
  public func apply(_ plan: Plan) throws -> [AppliedMigration] {
    var applied: [AppliedMigration] = []
    var recorded = try historyTable.read(database).recorded
    var tables: Set<String>?
    if let baseline = plan.baseline { applied.append(try run(baseline, after: &recorded, &tables)) }
    try historyTable.create(in: database)
    tables?.insert(historyTable.name)
    for migration in plan.pending { applied.append(try run(migration, after: &recorded, &tables)) }
    return applied
  }

  /// Runs one migration and records it.
  ///
  /// Its effects are measured after it was recorded, so that the effects of recording it are included.
  /// - Throws: `MigrationFailure` if the migration failed, or `SQLiteError`. The caller must roll back.
  public func run(_ migration: Migration) throws -> AppliedMigration {
    var recorded = try historyTable.read(database).recorded
    var tables: Set<String>?
    return try run(migration, after: &recorded, &tables)
  }

  /// Runs one migration and updates `recorded` and `tables`.
  ///
  /// - Parameters:
  ///   - migration: the migration to run.
  ///   - recorded: the recorded versions; nil if the database is untracked.
  ///   - tables: the tables of the database; nil if they are not known.
  /// - Returns: what the migration did.
  /// - Throws: `MigrationFailure` or `SQLiteError`.
  private func run(
    _ migration: Migration, after recorded: inout [MigrationVersion: String]?, _ tables: inout Set<String>?
  ) throws -> AppliedMigration {
    let start = ContinuousClock.now
    defer {
      database.endGuard()
      if migration.changesRenaming { try? database.execute("PRAGMA legacy_alter_table = OFF") }
    }
    try check(migration.requirements, of: migration, .requirement)
    // A migration outside a transaction can't be undone, so triggers are refused before it runs.
    if migration.runsOutsideTransaction { try refuseTriggers(of: migration, .database) }
    var accounts = try MigrationEffects(database, historyTable, tables: tables)
    tables = nil
    for step in migration.steps where try applies(step, of: migration) {
      for statement in step.statements { try run(statement, of: migration, &accounts) }
    }
    try refuseTriggers(of: migration, .migration)
    if migration.runsOutsideTransaction {
      try check(migration.expectations, of: migration, .expectation)
      try database.transaction { try record(migration, since: start, after: &recorded, &accounts) }
      return applied(migration, since: start)
    }
    try record(migration, since: start, after: &recorded, &accounts)
    do {
      try check(migration.expectations, of: migration, .expectation)
    } catch {
      // The expectation is why the migration fails, but a rehearsal also lists what it doesn't declare.
      try? accounts.settle(migration).undeclared.map(undeclared)
      throw error
    }
    let effects = try accounts.settle(migration)
    try effects.undeclared.map(undeclared)
    tables = effects.present
    return applied(migration, since: start, effects.losses, effects.changes)
  }

  private func applied(
    _ migration: Migration, since start: ContinuousClock.Instant, _ losses: [String: Int] = [:],
    _ changes: [ContentChange] = []
  ) -> AppliedMigration {
    AppliedMigration(
      version: migration.version ?? 0, name: migration.name,
      milliseconds: (ContinuousClock.now - start).milliseconds, rowsDeleted: losses, changes: changes)
  }

  // MARK: Recording

  /// Refuses triggers on the history table. They would run with each record, and could delete it or change other
  /// tables.
  private func refuseTriggers(of migration: Migration, _ fault: Fault) throws {
    guard let trigger = try historyTable.triggers(in: database).first else { return }
    throw MigrationFailure(
      .history, migration.file, nil,
      "trigger \(trigger) on \(historyTable.name) would run when migrations are recorded: drop it", nil,
      fault)
  }

  /// Records the migration, and verifies that the history table has this record and no other change.
  private func record(
    _ migration: Migration, since start: ContinuousClock.Instant,
    after recorded: inout [MigrationVersion: String]?, _ accounts: inout MigrationEffects
  ) throws {
    defer { database.endGuard() }
    // A migration may alter the history table, and a baseline may create it, but neither may change its versions.
    if accounts.mayHaveWritten(historyTable.name) {
      let known = try historyTable.read(database).recorded
      guard (known ?? [:]).keys == (recorded ?? [:]).keys else {
        throw MigrationFailure(
          .sql, migration.file, nil,
          "the migration changes the versions in \(historyTable.name), which is done when it has succeeded")
      }
      recorded = known
    }
    guard let version = migration.version else { return }
    if migration.runsOutsideTransaction { try historyTable.create(in: database) }
    let milliseconds = (ContinuousClock.now - start).milliseconds
    try historyTable.record(migration, milliseconds: milliseconds) { sql, values in
      let (statement, writes) = try database.prepareGuarded(sql)
      try statement?.bind(values)
      for table in writes.tables { try accounts.willWrite(table, of: writes, referrers) }
      try statement?.run()
    }
    var expected = recorded ?? [:]
    expected[version] = migration.name
    guard try historyTable.read(database).recorded == expected else {
      throw MigrationFailure(
        .history, migration.file, nil,
        "\(historyTable.name) did not keep the record of version \(version): look at its constraints", nil,
        .database)
    }
    recorded = expected
  }

  private func applies(_ step: Migration.Step, of migration: Migration) throws -> Bool {
    do {
      for condition in step.when where try !holds(condition, migration) { return false }
      for condition in step.unless where try holds(condition, migration) { return false }
      return true
    } catch {
      throw MigrationFailure(error, migration.file, step.line)
    }
  }

  private func holds(_ condition: Condition, _ migration: Migration) throws(SQLiteError) -> Bool {
    defer { database.endGuard() }
    let holds = try condition.holds(in: database)
    if !migration.runsOutsideTransaction { try database.checkTransaction() }
    return holds
  }

  private func check(_ clauses: [Migration.Clause], of migration: Migration, _ code: MigrationFailure.Code)
    throws
  {
    guard code != .requirement || checksRequirements else { return }
    for clause in clauses {
      do {
        guard try !holds(clause.condition, migration) else { continue }
      } catch {
        throw MigrationFailure(error, migration.file, clause.line)
      }
      let word = code == .requirement ? "requires" : "expected"
      let message = clause.message ?? "\(word) \(clause.condition), which is not so"
      let fault = code == .requirement ? Fault.database : .migration
      throw MigrationFailure(code, migration.file, clause.line, message, nil, fault)
    }
  }

  private func run(
    _ statement: ScriptStatement, of migration: Migration, _ accounts: inout MigrationEffects
  ) throws {
    do {
      if migration.runsOutsideTransaction {
        try database.allowingVacuum { try database.execute(statement.sql) }
        return
      }
      let (prepared, writes) = try database.prepareGuarded(statement.sql)
      for table in writes.tables {
        try accounts.willWrite(table, of: writes, referrers)
        try willWrite(table, migration)
      }
      accounts.follow(statement, writes)
      try prepared?.run()
      try database.checkTransaction()
      try didRun(statement, writes)
    } catch let error as SQLiteError {
      let line = error.offset.map { statement.line(at: $0) } ?? statement.line
      throw MigrationFailure(error, migration.file, line)
    }
  }
}
