internal import SQLite
internal import Synchronization
internal import Upgrade

/// The records of one run's installations: written to the journal, and kept in memory until they are saved.
///
/// So a run can be reported even if the journal fails in the middle of it. Memory is bounded by checking the journal
/// every thousand records; once the journal has failed, all further records are kept.
public final class RunRecords: Sendable {
  private struct Kept {
    let number: Int
    let json: String
  }

  private struct State {
    var kept: [Int: Kept] = [:]
    /// For each index of the inventory, whether it has a record, in memory or saved.
    var isNoted: [Bool]
    var count = 0
    var isChecking = false
  }

  private static let mostKept = 1000

  private let journal: Journal
  private let run: RunID
  private let state: Mutex<State>

  /// Creates the records for an inventory of `count` installations.
  init(_ journal: Journal, _ run: RunID, count: Int) {
    self.journal = journal
    self.run = run
    state = Mutex(State(isNoted: Array(repeating: false, count: count)))
  }

  /// Whether a write error of the journal is known.
  var hasFailed: Bool { journal.hasFailed }

  /// Records the outcome of the installation at an index of the inventory. A later record replaces it.
  func note(_ index: Int, _ id: String, _ status: Status, _ json: String) {
    journal.record(run, place: index, id, status, json)
    let isDue = state.withLock { state in
      state.count += 1
      state.kept[index] = Kept(number: state.count, json: json)
      state.isNoted[index] = true
      guard state.kept.count >= Self.mostKept, !state.isChecking, !journal.hasFailed else { return false }
      state.isChecking = true
      return true
    }
    if isDue { forgetSaved() }
  }

  /// Drops the records that the journal has saved.
  private func forgetSaved() {
    // The records up to this number reached the journal before this check.
    let last = state.withLock { $0.count }
    let isSaved = (try? journal.check()) != nil
    state.withLock { state in
      state.isChecking = false
      if isSaved { state.kept = state.kept.filter { $0.value.number > last } }
    }
  }

  /// Calls `body` with the record of each installation, in the order of the inventory.
  ///
  /// - Throws: what `body` throws; `StateError` if the journal can't be read or has lost records that aren't in
  ///   memory.
  public func forEach(_ body: (String) throws -> Void) throws {
    let isSaved = (try? journal.check()) != nil
    if isSaved { return try journal.forEachRecord(of: run, body) }
    let (kept, count) = state.withLock { ($0.kept, $0.isNoted.count { $0 }) }
    var rest = kept.keys.sorted()[...]
    var given = 0
    /// Passes on the records in memory whose index is below `end`.
    func give(before end: Int) throws {
      while let index = rest.first, index < end {
        rest = rest.dropFirst()
        guard let record = kept[index] else { continue }
        try body(record.json)
        given += 1
      }
    }
    if kept.count < count {
      try forEachSaved { index, record in
        guard kept[index] == nil else { return }
        try give(before: index)
        try body(record)
        given += 1
      }
    }
    try give(before: .max)
    guard given == count else {
      throw StateError(
        journal.path, "has lost outcomes: it knows those of \(given) of \(count) installations", nil)
    }
  }

  /// Calls `body` with the saved records. The journal's own connection keeps failing, so a new one reads.
  private func forEachSaved(_ body: (Int, String) throws -> Void) throws {
    do {
      let saved = try Connection(path: journal.path, access: .readOnly)
      defer { saved.close() }
      try saved.forEachRow(
        "SELECT place, record FROM outcomes WHERE run = ? ORDER BY place", [.text(run.description)]
      ) { row in try body(Int(row.int(0)), row.text(1) ?? "") }
    } catch let error as SQLiteError {
      throw StateError(journal.path, error)
    }
  }
}
