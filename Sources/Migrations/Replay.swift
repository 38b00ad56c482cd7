internal import SQLite
internal import Schema

/// How replays on empty databases are limited.
struct Replays: Sendable {
  let historyTable: any HistoryTable
  let limit: Duration
  let cancellation: Cancellation?

  /// When a replay that begins now has to be done.
  var deadline: Deadline { Deadline(in: limit, cancellation) }

  /// The same, ended by `other` where there is one.
  func calledOff(by other: Cancellation?) -> Replays {
    Replays(historyTable: historyTable, limit: limit, cancellation: other ?? cancellation)
  }

  /// Whether somebody ended them.
  var isCalledOff: Bool { cancellation?.isCancelled == true }

  /// What a statement did wrong that ran when the deadline passed.
  var timeIsOver: String {
    isCalledOff
      ? "interrupted while it ran on an empty database"
      : "it was still running when the \(limit) for all files on an empty database were over"
  }

  /// Begins one.
  func begin() throws(SQLiteError) -> Replay { try Replay(self) }
}

/// Runs migrations on an empty database in memory, for bounded time.
struct Replay {
  private let limits: Replays
  private let deadline: Deadline
  let database: Connection

  fileprivate init(_ limits: Replays) throws(SQLiteError) {
    self.limits = limits
    deadline = limits.deadline
    database = try Connection(path: "", access: .memory, deadline: deadline)
    try database.execute("BEGIN")
  }

  /// Runs one migration, or the baseline, where there is one; the table of recorded versions is made after the
  /// baseline, as in an upgrade. Requirements are not checked.
  ///
  /// - Throws: `MigrationFailure`, with file and line also where the time is over.
  func run(_ migration: Migration?) throws {
    let isBaseline = migration?.version == nil
    let plan = Plan(
      baseline: isBaseline ? migration : nil, pending: isBaseline ? [] : [migration].compactMap { $0 })
    do {
      _ = try Migrator(database, limits.historyTable, checksRequirements: false).apply(plan)
      try deadline.check()
    } catch let failure as MigrationFailure where failure.code == .timeout {
      throw overdue(failure.file, failure.line, failure.underlying)
    } catch let error as SQLiteError where error.code.primary == .interrupt {
      // Between two statements of the file, as while rows are counted.
      throw overdue(migration?.file ?? "", migration?.steps.last?.statements.last?.line, error)
    }
  }

  /// The schema as it is now.
  func schema(ignoring ignored: [IgnoreRule]) throws -> Schema {
    try Schema(reading: database, ignoring: ignored)
  }

  /// Gives the database up.
  func end() { database.rollback() }

  private func overdue(_ file: String, _ line: Int?, _ error: SQLiteError?) -> MigrationFailure {
    MigrationFailure(.timeout, file, line, limits.timeIsOver, error)
  }
}
