public import SQLite

/// A migration that was applied to one database.
public struct AppliedMigration: Hashable, Sendable, Codable {
  /// Its number; 0 for the baseline.
  public let version: Int64
  /// Its name.
  public let name: String
  /// How long it took, in milliseconds.
  public let milliseconds: Double
  /// Rows that went, by table, as the migration declares.
  public let rowsDeleted: [String: Int]

  enum CodingKeys: String, CodingKey {
    case version, name, milliseconds
    case rowsDeleted = "rows_deleted"
  }
}

/// Runs migrations on one connection. The caller has begun the transaction and ends it.
public struct Migrator {
  private let database: Connection
  private let checksRequirements: Bool
  private let referrers: (String) -> [String]
  private let willWrite: (String) throws -> Void

  /// Makes a migrator.
  ///
  /// - Parameters:
  ///   - database: with foreign keys off and a transaction begun.
  ///   - checksRequirements: false where an empty database is brought to a version to see what it looks like.
  ///   - referrers: the tables that refer to a table, whose rows are counted too.
  ///   - willWrite: called before the first statement of each migration that may change a table.
  public init(
    _ database: Connection, checksRequirements: Bool = true,
    referrers: @escaping (String) -> [String] = { _ in [] },
    willWrite: @escaping (String) throws -> Void = { _ in }
  ) {
    self.database = database
    self.checksRequirements = checksRequirements
    self.referrers = referrers
    self.willWrite = willWrite
  }

  /// Runs the baseline, where due, and all pending migrations, and records them.
  ///
  /// - Returns: what was applied, in order.
  /// - Throws: `MigrationFailure`; the caller rolls back.
  public func apply(_ plan: Plan) throws -> [AppliedMigration] {
    var applied: [AppliedMigration] = []
    if let baseline = plan.baseline { applied.append(try run(baseline)) }
    try database.execute(History.table)
    for migration in plan.pending { applied.append(try run(migration)) }
    return applied
  }

  /// Runs one migration and records it.
  public func run(_ migration: Migration) throws -> AppliedMigration {
    let start = ContinuousClock.now
    defer { database.endGuard() }
    try check(migration.requirements, of: migration, .requirement)
    let versions = try History(reading: database).versions
    var account = try RowAccount(database)
    for step in migration.steps where try applies(step, of: migration) {
      for statement in step.statements { try run(statement, of: migration, &account) }
    }
    try check(migration.expectations, of: migration, .expectation)
    let losses = try account.losses()
    for (table, count) in losses.sorted(by: { $0.key < $1.key }) where !migration.deletes.contains(table) {
      throw MigrationFailure(
        .rowsLost, migration.file, nil,
        "\(count) \(count == 1 ? "row" : "rows") of \(table) would be lost; if they may go, say so with '-- @deletes \(table)'"
      )
    }
    guard try History(reading: database).versions == versions else {
      throw MigrationFailure(
        .sql, migration.file, nil,
        "the migration changes the versions in schema_migrations, which is done when it has succeeded")
    }
    try record(migration)
    let milliseconds = (ContinuousClock.now - start).milliseconds
    return AppliedMigration(
      version: migration.version ?? 0, name: migration.name, milliseconds: milliseconds, rowsDeleted: losses)
  }

  private func record(_ migration: Migration) throws {
    guard let version = migration.version else { return }
    if migration.runsAlone { try database.execute(History.table) }
    try database.execute(
      "INSERT INTO schema_migrations (version, name) VALUES (?, ?)",
      [.integer(version), .text(migration.name)])
  }

  private func applies(_ step: Migration.Step, of migration: Migration) throws -> Bool {
    do {
      for condition in step.when where try !condition.holds(in: database) { return false }
      for condition in step.unless where try condition.holds(in: database) { return false }
      return true
    } catch {
      throw MigrationFailure(error, migration.file, step.line)
    }
  }

  private func check(_ clauses: [Migration.Clause], of migration: Migration, _ code: MigrationFailure.Code)
    throws
  {
    guard code != .requirement || checksRequirements else { return }
    for clause in clauses {
      do {
        guard try !clause.condition.holds(in: database) else { continue }
      } catch {
        throw MigrationFailure(error, migration.file, clause.line)
      }
      let word = code == .requirement ? "requires" : "expected"
      let message = clause.message ?? "\(word) \(clause.condition), which is not so"
      throw MigrationFailure(code, migration.file, clause.line, message)
    }
  }

  private func run(_ statement: SQLScript.Statement, of migration: Migration, _ account: inout RowAccount)
    throws
  {
    do {
      if migration.runsAlone {
        try database.allowingVacuum { try database.execute(statement.sql) }
        return
      }
      let (prepared, writes) = try database.prepareGuarded(statement.sql)
      for table in writes.tables {
        for name in [table] + referrers(table) { try account.willWrite(name) }
        try willWrite(table)
      }
      account.follow(statement)
      try prepared?.run()
    } catch let error as SQLiteError {
      let line = error.offset.map { statement.line(at: $0) } ?? statement.line
      throw MigrationFailure(error, migration.file, line)
    }
  }
}

extension Duration {
  /// In milliseconds, with fractions.
  public var milliseconds: Double {
    Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15
  }
}
