internal import SQLite
internal import Schema

/// Checks migration files without an installation: reads all, then runs them one by one on an empty database.
public struct Lint {
  private let files: MigrationFiles

  /// Prepares to check; nothing is looked at yet.
  public init(_ files: MigrationFiles) { self.files = files }

  /// Everything there is to say: errors first, then warnings, each in the order in which the files run.
  ///
  /// Files with errors are not run, and after one that doesn't run no other is: what failed next would follow from it.
  /// - Throws: `SQLiteError` where no database can be made in memory.
  public func findings() throws -> [Finding] {
    var faults: [MigrationError] = []
    let set = MigrationSet(files, &faults)
    guard faults.isEmpty else { return faults.map(Finding.init) }
    let migrations = [set.baseline].compactMap { $0 } + set.migrations
    let check = try SyntaxCheck()
    let errors = try migrations.flatMap { try check.faults(of: $0) }
    guard errors.isEmpty else { return errors.map(Finding.init) }
    let (failure, warnings) = try replay(migrations)
    return [failure, try schemaFault(set)].compactMap { $0 } + warnings
  }

  private func replay(_ migrations: [Migration]) throws -> (failure: Finding?, warnings: [Finding]) {
    let database = try Connection(path: "", access: .memory)
    try database.execute("BEGIN")
    defer { database.rollback() }
    let migrator = Migrator(database, checksRequirements: false)
    var warnings: [Finding] = []
    for migration in migrations {
      if migration.version != nil { try database.execute(History.table) }
      let names = try database.rows("SELECT lower(name) FROM sqlite_schema") { $0.text(0) ?? "" }
      warnings += try Advice(migration, known: Set(names)).findings()
      do {
        if !migration.runsAlone { _ = try migrator.run(migration) }
      } catch let failure as MigrationFailure {
        return (Finding(failure), warnings)
      }
    }
    return (nil, warnings)
  }

  private func schemaFault(_ set: MigrationSet) throws -> Finding? {
    do {
      _ = try Blueprint(set).freshSchema()
      return nil
    } catch let error as MigrationError {
      return Finding(error)
    }
  }
}
