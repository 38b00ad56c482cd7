public import SQLite
internal import Schema

/// Checks migration files without an installation: parses all of them, then runs them one by one on an empty database.
public struct Lint {
  private let files: MigrationFiles
  private let limits: Replays

  /// Prepares a check; nothing is examined yet.
  ///
  /// - Parameters:
  ///   - files: the files to check.
  ///   - limit: how long running the files may take.
  ///   - cancellation: ends the check. The statement that was running is then reported as an error.
  public init(
    _ files: MigrationFiles, limit: Duration = ExpectedSchema.timeLimit, cancellation: Cancellation? = nil
  ) {
    self.files = files
    var faults: [MigrationError] = []
    let table = MigrationSet(files, &faults).historyTable
    limits = Replays(historyTable: table, limit: limit, cancellation: cancellation)
  }

  /// Runs all checks.
  ///
  /// If files have errors, nothing is run. After a file that fails to run, no further file is run, because the
  /// following failures would be consequences of the first.
  /// - Returns: all findings: errors first, then warnings, then notes, each in the order in which the files run.
  /// - Throws: `SQLiteError` if no in-memory database can be created.
  public func findings() throws -> [Finding] {
    var faults: [MigrationError] = []
    let set = MigrationSet(files, &faults)
    guard faults.isEmpty else { return faults.map(Finding.init) }
    let migrations = [set.baseline].compactMap { $0 } + set.migrations
    let check = try SyntaxCheck()
    let errors = try migrations.flatMap { try check.faults(of: $0) }
    guard errors.isEmpty else { return errors.map(Finding.init) }
    let (failure, warnings) = try replay(migrations)
    let notes = migrations.flatMap { migration in
      migration.notes.map { Finding(.note, migration.file, $0.line, $0.message) }
    }
    return [failure, try schemaFault(set)].compactMap { $0 } + warnings + notes
  }

  private func replay(_ migrations: [Migration]) throws -> (failure: Finding?, warnings: [Finding]) {
    let replay = try limits.begin()
    defer { replay.end() }
    var warnings: [Finding] = []
    var tables: Set<String> = []
    for migration in migrations {
      if migration.version != nil { try limits.historyTable.create(in: replay.database) }
      let rules = try LintRules(migration, after: tables, in: replay.database)
      warnings += try rules.findings()
      tables.formUnion(rules.given)
      do {
        if !migration.runsOutsideTransaction { try replay.run(migration) }
      } catch let failure as MigrationFailure {
        return (Finding(failure), warnings)
      }
    }
    return (nil, warnings)
  }

  private func schemaFault(_ set: MigrationSet) throws -> Finding? {
    do {
      _ = try ExpectedSchema(set, limit: limits.limit, cancellation: limits.cancellation).freshSchema()
      return nil
    } catch let error as MigrationError {
      return Finding(error)
    }
  }
}
