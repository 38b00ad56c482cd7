internal import Report
internal import SQLite

/// The columns of a report that pages list.
struct StoredReport {
  let id: String, fleet: String, coordinator: String
  let finishedAt: String, command: String, result: String
  /// The pattern of a run over a selection; nil for the whole fleet.
  let selection: String?
  /// The row number, which is never reused for another report.
  let number: Int64
  let installations: Int, onLatest: Int, failed: Int, unreachable: Int, drifted: Int

  /// Whether installations failed, were unreachable or have drifted.
  var needsAttention: Bool { failed + unreachable + drifted > 0 }

  static let columns = """
    id, fleet, coordinator, finished_at, command, result, selection, installations, on_latest, failed, unreachable,
    drifted, rowid
    """

  init(_ row: Statement) {
    func text(_ column: Int) -> String { row.text(column) ?? "" }
    // A sender may write any number, and the pages calculate with these.
    func count(_ column: Int) -> Int { Int(row.int(column)).limited }
    (id, fleet, coordinator, finishedAt) = (text(0), text(1), text(2), text(3))
    (command, result) = (text(4), text(5))
    selection = row.text(6)
    (installations, onLatest) = (count(7), count(8))
    (failed, unreachable, drifted) = (count(9), count(10), count(11))
    number = row.int(12)
  }
}
