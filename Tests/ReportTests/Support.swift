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

/// Programs that read reports. A test goes without them where people work, never in CI.
enum Reader {
  private static let tools = "\(Repository.root)/Tests/ReportTests/Tools"
  private static let packages = "\(Repository.root)/.build-python"

  static let hasPackages = has("import jsonschema, lxml, junitparser, prometheus_client, markdown_it")
  static let hasBrowser = has("import shutil; assert shutil.which('chromium')")

  private static func has(_ code: String) -> Bool {
    if ProcessInfo.processInfo.environment["CI"] == "true" { return true }
    return (try? run(["-c", code]))?.status == 0
  }

  /// Runs a script of Tools and expects it to find nothing.
  static func expectApproval(
    _ script: String, _ arguments: String..., location: SourceLocation = #_sourceLocation
  ) throws {
    let result = try run(["\(tools)/\(script)"] + arguments)
    #expect(result.status == 0, "\(result.output)", sourceLocation: location)
  }

  private static func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-B"] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(["PYTHONPATH": packages]) { $1 }
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }
}
