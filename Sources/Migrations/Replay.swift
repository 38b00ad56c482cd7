internal import SQLite
internal import Schema

/// The limits for replays on empty databases.
struct Replays: Sendable {
  let historyTable: any HistoryTable
  let limit: Duration
  let cancellation: Cancellation?

  /// The deadline for a replay that begins now.
  var deadline: Deadline { Deadline(in: limit, cancellation) }

  /// The same limits, with another cancellation if there is one.
  func calledOff(by other: Cancellation?) -> Replays {
    Replays(historyTable: historyTable, limit: limit, cancellation: other ?? cancellation)
  }

  /// Whether the replays were cancelled.
  var isCalledOff: Bool { cancellation?.isCancelled == true }

  /// The message for a statement that was running when the deadline passed.
  var timeIsOver: String {
    isCalledOff
      ? "interrupted while it ran on an empty database"
      : "it was still running when the \(limit) for all files on an empty database were over"
  }

  /// Begins a replay.
  func begin() throws(SQLiteError) -> Replay { try Replay(self) }
}

/// Runs migrations on an empty in-memory database, for a limited time.
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

  /// Runs one migration or the baseline; does nothing but create the history table if it is nil. The history table is
  /// created after the baseline, as in an upgrade. Requirements are not checked. `didRun` is called after each
  /// statement, with what it wrote.
  ///
  /// - Throws: `MigrationFailure`, with file and line even if the time was over.
  func run(
    _ migration: Migration?, didRun: @escaping (ScriptStatement, Writes) throws -> Void = { _, _ in }
  ) throws {
    let isBaseline = migration?.version == nil
    let plan = Plan(
      baseline: isBaseline ? migration : nil, pending: isBaseline ? [] : [migration].compactMap { $0 })
    do {
      var migrator = Migrator(database, limits.historyTable, checksRequirements: false)
      migrator.didRun = didRun
      _ = try migrator.apply(plan)
      try deadline.check()
    } catch let failure as MigrationFailure where failure.code == .timeout {
      throw overdue(failure.file, failure.line, failure.underlying)
    } catch let error as SQLiteError where error.code.primary == .interrupt {
      // The deadline passed between two statements of the file, for example while rows were counted.
      throw overdue(migration?.file ?? "", migration?.steps.last?.statements.last?.line, error)
    }
  }

  /// Reads the current schema.
  func schema(ignoring ignored: [IgnoreRule]) throws -> Schema {
    try Schema(reading: database, ignoring: ignored)
  }

  /// Ends the transaction. Nothing of it is kept.
  func end() { database.rollback() }

  private func overdue(_ file: String, _ line: Int?, _ error: SQLiteError?) -> MigrationFailure {
    MigrationFailure(.timeout, file, line, limits.timeIsOver, error)
  }
}
