import Fleet
import Foundation
import Report
import TestSupport
import Testing

/// A report made of given parts, as a journal would give them.
struct SampleReport {
  var header: [String: Any]
  var records: [[String: Any]]
  var past = ReportContent.Past()

  /// The report in Fixtures, with a past.
  init() throws {
    let text = try Repository.text("Tests/ReportTests/Fixtures/report.json")
    header = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    records = try #require(header.removeValue(forKey: "installations") as? [[String: Any]])
    past = ReportContent.Past(points: Self.points, rollout: Self.rollout)
  }

  private static let points = [
    ("01KF0000000000000000000001", "2026-01-15T03:00:00Z", ["5": 9, "4": 2]),
    ("01KF0000000000000000000002", "2026-01-20T03:00:00Z", ["5": 10, "untracked": 1]),
    ("01KF0000000000000000000003", "2026-01-25T03:00:00Z", ["5": 8, "9": 2, "untracked": 2]),
  ].map { FleetPoint(run: $0, date: $1, installations: 12, byVersion: $2) }

  private static let rollout = RolloutRecord(
    run: "01KG4ZC8M05S6R7T8V9W0X1Y2Z", startedAt: "2026-01-29T09:30:00Z", result: "stopped",
    waves: [
      RolloutRecord.WaveRecord(number: 1, name: "canary", installations: 2, counts: ["migrated": 2]),
      RolloutRecord.WaveRecord(
        number: 2, name: "25%", installations: 4, counts: ["migrated": 1, "failed": 2, "unreachable": 1]),
      RolloutRecord.WaveRecord(number: 3, name: "100%", installations: 2, counts: [:]),
    ])

  private static func json(_ object: [String: Any]) throws -> String {
    String(
      decoding: try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys]), as: UTF8.self)
  }

  func writer() throws -> ReportWriter {
    let (past, records) = (past, try records.map(Self.json))
    return ReportWriter(
      ReportContent(
        header: try Self.json(header), past: { past }, records: { body in try records.forEach(body) }))
  }

  func text(_ format: ReportFormat) throws -> String {
    var text = ""
    try writer().write(as: format) { text += $0 }
    return text
  }
}

/// Compares with a file in Fixtures, or writes it anew where FLOTILLA_WRITE_GOLDEN is set.
func expectGolden(_ text: String, _ name: String, _ location: SourceLocation = #_sourceLocation) throws {
  let path = "Tests/ReportTests/Fixtures/\(name)"
  if ProcessInfo.processInfo.environment["FLOTILLA_WRITE_GOLDEN"] != nil {
    try Data(text.utf8).write(to: URL(filePath: "\(Repository.root)/\(path)"))
  }
  let isSame = try text == Repository.text(path)
  #expect(isSame, "\(path) is other; FLOTILLA_WRITE_GOLDEN=1 writes it anew", sourceLocation: location)
}
