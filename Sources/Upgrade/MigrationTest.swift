internal import Glibc
public import Migrations
internal import SQLite
public import Schema

/// Tests, on databases of its own, that an upgrade from any version results in the schema of a fresh installation.
public struct MigrationTest {
  /// One check of the test.
  public struct Check: Hashable, Sendable {
    /// The result of a check.
    public enum Result: Hashable, Sendable {
      /// The check succeeded.
      case passed
      /// The check failed.
      case failed
      /// The check was not possible, for a reason that isn't a failure.
      case leftOut
    }

    /// The statement that is checked.
    public let name: String
    /// Whether the statement is true.
    public let result: Result
    /// The differences, the failure, or the reason for leaving the check out. For a passed check: remarks.
    public let details: [String]
  }

  private let set: MigrationSet
  private let expectedSchema: ExpectedSchema
  private let worker: LocalWorker
  private let folder: String
  private let limit: Duration
  private let cancellation: Cancellation?

  /// Prepares the test.
  ///
  /// - Parameters:
  ///   - set: the migrations to test.
  ///   - ignored: rules for the schema objects to ignore.
  ///   - folder: an empty folder. The caller removes it.
  ///   - control: can cancel the test. The current check then fails.
  ///   - limit: how long one replay, one upgrade, or one step between two upgrades may take.
  public init(
    _ set: MigrationSet, ignoring ignored: [IgnoreRule], in folder: String,
    control: WorkControl = WorkControl(), limit: Duration = ExpectedSchema.timeLimit
  ) {
    var options = UpgradeOptions()
    options.check = set.migrations.contains(where: \.runsOutsideTransaction) ? .quick : .none
    options.ignored = ignored
    options.networkFileSystems = true
    options.timeout = limit
    self.set = set
    self.folder = folder
    self.limit = limit
    cancellation = control.cancellation
    expectedSchema = ExpectedSchema(set, ignoring: ignored, limit: limit, cancellation: cancellation)
    worker = LocalWorker(set, expectedSchema, options, control: control)
  }

  /// Runs all checks.
  ///
  /// - Parameter onCheck: called with the result of each check.
  /// - Throws: `MigrationFailure` or `MigrationError` if the files don't run on an empty database, and what `onCheck`
  ///   throws.
  public func run(_ onCheck: (Check) throws -> Void) throws {
    try expectedSchema.validate()
    try onCheck(freshCheck())
    let base = "\(folder)/base.sqlite"
    try makeEmpty(base)
    var changed: [String] = []
    let empty = try upgradeCheck("an empty database comes to version \(set.latest)", base, &changed)
    try onCheck(empty)
    if let baseline = set.baseline {
      try change(base) { _ = try $0.run(baseline) }
      // The baseline requires an old installation: test with an untracked database that the baseline has already
      // brought into shape.
      if empty.result == .leftOut {
        let name = "an untracked one after \(baseline.file) comes to version \(set.latest)"
        try onCheck(upgradeCheck(name, base, &changed))
      }
    }
    try change(base) { _ = try $0.apply(Plan(baseline: nil, pending: [])) }
    try onCheck(upgradeCheck("version 0 comes to version \(set.latest)", base, &changed))
    for migration in set.migrations {
      // At the latest version nothing is pending, and the second run is tested below.
      try change(base, alone: migration.runsOutsideTransaction) { _ = try $0.run(migration) }
      guard let version = migration.version, version < set.latest else { continue }
      try onCheck(upgradeCheck("version \(version) comes to version \(set.latest)", base, &changed))
    }
    try onCheck(
      Check(
        name: "a second run changes nothing", result: changed.isEmpty ? .passed : .failed, details: changed))
    try onCheck(repeatCheck(base))
  }

  // MARK: Fresh installations

  private func freshCheck() throws -> Check {
    let latest = try expectedSchema.schema(of: set.migrations.compactMap(\.version))
    guard let fresh = try expectedSchema.freshSchema(), let script = set.schema?.file else {
      return Check(
        name: "a fresh installation is at version \(set.latest)", result: .leftOut,
        details: ["there is no script for fresh installations"])
    }
    let differences = fresh.differences(in: latest)
    return Check(
      name: "\(script) makes what the migrations lead to", result: differences.isEmpty ? .passed : .failed,
      details: differences.map { "after the migrations, \($0)" })
  }

  // MARK: Upgrades

  /// Upgrades a copy of `base` with all checks of a real upgrade, and then once more.
  private func upgradeCheck(_ name: String, _ base: String, _ changed: inout [String]) throws -> Check {
    let path = "\(folder)/copy.sqlite"
    defer { for ending in ["", "-journal"] { unlink(path + ending) } }
    try copy(base, to: path)
    let outcome = worker.upgrade(path, backup: "\(folder)/backup.sqlite")
    if let failure = outcome.failure {
      let isUnmet = failure.code == .requirement
      return Check(name: name, result: isUnmet ? .leftOut : .failed, details: ["\(failure)"])
    }
    let wanted = try expectedSchema.schema(of: set.migrations.compactMap(\.version)).fingerprint.description
    guard outcome.status == .migrated, outcome.fingerprint == wanted, outcome.drift.isEmpty else {
      let drift = outcome.drift.map(\.description)
      return Check(
        name: name, result: .failed, details: drift.isEmpty ? ["its schema is another one"] : drift)
    }
    let before = try FileDigest(path)
    let again = worker.upgrade(path, backup: "\(folder)/backup.sqlite")
    let after = try FileDigest(path)
    if again.status != .current || after.sha256 != before.sha256 {
      changed.append("where \(name): \(again.failure.map { "\($0)" } ?? "the file changed")")
    }
    return Check(name: name, result: .passed, details: [])
  }

  /// Runs each migration on a database that already has its work, as after an upgrade that stopped before recording it.
  private func repeatCheck(_ base: String) throws -> Check {
    let database = try Connection(path: base, access: .readWrite, deadline: deadline)
    defer { database.close() }
    let before = try Schema(reading: database)
    let tried = set.migrations.filter { !$0.runsOutsideTransaction }
    let odd = try tried.compactMap { migration -> String? in
      try database.execute("BEGIN")
      defer { database.rollback() }
      if let version = migration.version { try set.historyTable.removeRecord(of: version, in: database) }
      do {
        _ = try Migrator(database, set.historyTable, checksRequirements: false).run(migration)
      } catch let failure as MigrationFailure where failure.code != .timeout {
        return "\(failure)"
      }
      let differences = before.differences(in: try Schema(reading: database))
      return differences.first.map { "\(migration.file): \($0)" }
    }
    let count = "\(tried.count - odd.count) of \(tried.count)"
    return Check(
      name: "where its work is there already, \(count) migrations can run once more", result: .passed,
      details: odd)
  }

  // MARK: Databases

  private func makeEmpty(_ path: String) throws {
    try BackupWriter.create(path)
    let database = try Connection(path: path, access: .readWrite)
    defer { database.close() }
    try database.transaction {
      try database.execute("CREATE TABLE a (b)")
      try database.execute("DROP TABLE a")
    }
  }

  private func change(_ path: String, alone: Bool = false, _ body: (Migrator) throws -> Void) throws {
    let deadline = deadline
    let database = try Connection(path: path, access: .readWrite, deadline: deadline)
    defer { database.close() }
    try database.execute("PRAGMA synchronous=OFF")
    let migrator = Migrator(database, set.historyTable, checksRequirements: false)
    if alone { return try body(migrator) }
    try database.transaction {
      try body(migrator)
      try deadline.check()
    }
  }

  /// The deadline for work that begins now.
  private var deadline: Deadline { Deadline(in: limit, cancellation) }

  private func copy(_ path: String, to destination: String) throws {
    try BackupWriter.create(destination)
    let copy = open(destination, O_WRONLY | O_CLOEXEC)
    guard copy >= 0 else { throw BackupWriter.failure("can't open \(destination)") }
    defer { close(copy) }
    try FileDigest.read(path) { piece in
      guard write(copy, piece.baseAddress, piece.count) == piece.count else {
        throw BackupWriter.failure("can't write \(destination)")
      }
      return true
    }
  }
}
