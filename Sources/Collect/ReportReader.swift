internal import Compression
internal import Fleet
internal import FoundationEssentials
internal import Report
internal import SQLite

/// Reads the store for pages through a connection of its own, so that no sender has to wait for a page. It is used by
/// one thread at a time.
final class ReportReader {
  private let database: Connection

  /// Opens an existing store.
  init(path: String) throws { database = try Connection(path: path, access: .readOnly) }

  /// Runs `body` in one read transaction, so that all reads see the same state.
  func reading<T>(_ body: () throws -> T) throws -> T {
    try database.execute("BEGIN")
    defer { database.rollback() }
    return try body()
  }

  /// The latest report of each coordinator, of one fleet or of all.
  func latest(of fleet: String? = nil) throws -> [StoredReport] {
    try database.rows(
      """
      SELECT \(StoredReport.columns) FROM reports WHERE rowid IN (
        SELECT number FROM (
          SELECT rowid AS number, row_number() OVER (
            PARTITION BY fleet, coordinator ORDER BY finished_at DESC, id DESC) AS place
          FROM reports WHERE ?1 IS NULL OR fleet = ?1)
        WHERE place = 1)
      ORDER BY fleet, coordinator
      """, [fleet.map { .text($0) } ?? .null], StoredReport.init)
  }

  /// The reports of a fleet, latest first; of one coordinator or of all.
  func reports(of fleet: String, _ coordinator: String? = nil, limit: Int) throws -> [StoredReport] {
    try database.rows(
      """
      SELECT \(StoredReport.columns) FROM reports WHERE fleet = ?1 AND (?2 IS NULL OR coordinator = ?2)
      ORDER BY finished_at DESC, id DESC LIMIT ?3
      """, [.text(fleet), coordinator.map { .text($0) } ?? .null, .integer(Int64(limit))], StoredReport.init)
  }

  /// The report with this id, or nil.
  func report(_ id: String) throws -> StoredReport? {
    try database.rows(
      "SELECT \(StoredReport.columns) FROM reports WHERE id = ?", [.text(id)], StoredReport.init
    ).first
  }

  /// A report's text as gzip; nil if there is no report with this id.
  func body(_ id: String) throws -> [UInt8]? {
    let value = try database.scalar("SELECT body FROM reports WHERE id = ?", [.text(id)])
    guard case .blob(let bytes) = value else { return nil }
    return bytes
  }

  // MARK: Contents

  /// The content of a report, with the earlier reports of its coordinator.
  func content(of report: StoredReport) throws -> ReportContent {
    let head = try database.scalar("SELECT head FROM reports WHERE id = ?", [.text(report.id)])?.text
    return ReportContent(
      header: head ?? "", past: { try self.past(report) },
      records: { body in try self.forEachRecord(of: report, body) })
  }

  private func forEachRecord(of report: StoredReport, _ body: (String) throws -> Void) throws {
    let expander = try GzipExpander(limit: .max)
    var splitter = ReportSplitter()
    let bytes = try self.body(report.id) ?? []
    for start in stride(from: 0, to: bytes.count, by: 1 << 16) {
      let piece = try expander.add(bytes[start..<min(start + 1 << 16, bytes.count)])
      try splitter.add(piece[...]) { try body(String(decoding: $0, as: UTF8.self)) }
    }
    try expander.finish()
  }

  /// The points of a coordinator's earlier reports about the whole fleet, and its latest rollout.
  func past(_ report: StoredReport) throws -> ReportContent.Past {
    let whose: [Value] = [
      .text(report.fleet), .text(report.coordinator), .text(report.finishedAt), .text(report.id),
    ]
    let points = try database.rows(
      """
      SELECT id, finished_at, installations, by_version FROM reports
      WHERE fleet = ?1 AND coordinator = ?2 AND (finished_at, id) < (?3, ?4) AND selection IS NULL
        AND result IN ('finished', 'stopped') AND by_version <> '{}'
      ORDER BY finished_at, id
      """, whose
    ) { row in
      FleetPoint(
        run: row.text(0) ?? "", date: row.text(1) ?? "", installations: Int(row.int(2)).limited,
        byVersion: (row.text(3).flatMap(Self.decoded) ?? [String: Int]()).mapValues(\.limited))
    }
    let rollouts = try database.rows(
      """
      SELECT head, waves FROM reports
      WHERE fleet = ?1 AND coordinator = ?2 AND (finished_at, id) <= (?3, ?4) AND command = 'migrate' AND waves IS NOT NULL
      ORDER BY finished_at DESC, id DESC LIMIT 1
      """, whose
    ) { row in
      row.text(0).flatMap { RolloutRecord(header: $0, counts: row.text(1).flatMap(Self.decoded) ?? [:]) }
    }
    return ReportContent.Past(points: points, rollout: rollouts.first ?? nil)
  }

  private static func decoded<T: Decodable>(_ json: String) -> T? {
    try? JSONDecoder().decode(T.self, from: Data(json.utf8))
  }
}
