internal import SQLite

/// What the pages show of a report.
struct StoredReport {
  let id: String, fleet: String, coordinator: String
  let finishedAt: String, command: String, result: String, program: String
  let installations: Int, migrated: Int, current: Int, pending: Int, failed: Int, unreachable: Int
  let skipped: Int, drifted: Int

  static let columns = """
    id, fleet, coordinator, finished_at, command, result, program, installations, migrated, current, pending,
    failed, unreachable, skipped, drifted
    """

  init(_ row: Statement) {
    func text(_ column: Int) -> String { row.text(column) ?? "" }
    // A sender may write any number; the pages calculate with these.
    func count(_ column: Int) -> Int { Int(min(max(row.int(column), 0), 1_000_000_000)) }
    (id, fleet, coordinator, finishedAt) = (text(0), text(1), text(2), text(3))
    (command, result, program) = (text(4), text(5), text(6))
    (installations, migrated, current, pending) = (count(7), count(8), count(9), count(10))
    (failed, unreachable, skipped, drifted) = (count(11), count(12), count(13), count(14))
  }

  var link: HTML { "<a href=\"/reports/\(id.asPathPart)\">\(finishedAt)</a>" }

  /// A number that should be nought.
  static func alarm(_ count: Int) -> HTML { count == 0 ? "0" : "<span class=\"bad\">\(count)</span>" }
}

extension ReportStore {
  /// The latest report of each coordinator, of one fleet or of all.
  func latestReports(of fleet: String? = nil) throws -> [StoredReport] {
    try rows(
      """
      SELECT \(StoredReport.columns) FROM (
        SELECT *, row_number() OVER (
          PARTITION BY fleet, coordinator ORDER BY finished_at DESC, id DESC) AS place FROM reports
        WHERE ?1 IS NULL OR fleet = ?1)
      WHERE place = 1 ORDER BY fleet, coordinator
      """, [fleet.map { .text($0) } ?? .null], StoredReport.init)
  }

  /// Reports of a fleet, the latest first; of one coordinator or of all.
  func reports(of fleet: String, _ coordinator: String? = nil, limit: Int) throws -> [StoredReport] {
    try rows(
      """
      SELECT \(StoredReport.columns) FROM reports WHERE fleet = ?1 AND (?2 IS NULL OR coordinator = ?2)
      ORDER BY finished_at DESC, id DESC LIMIT ?3
      """, [.text(fleet), coordinator.map { .text($0) } ?? .null, .integer(Int64(limit))], StoredReport.init)
  }

  /// How many installations a report has at which version.
  func versions(of report: String) throws -> [String: Int] {
    let pairs = try rows(
      """
      SELECT e.key, CAST(e.value AS INTEGER) FROM reports AS r, json_each(r.by_version) AS e WHERE r.id = ?
      """, [.text(report)]
    ) { ($0.text(0) ?? "", Int($0.int(1))) }
    return Dictionary(pairs) { $1 }
  }
}
