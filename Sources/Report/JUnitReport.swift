internal import Basics
internal import Fleet
internal import Upgrade

/// A test case per installation and a test suite per wave, for CI systems. Installations without a wave form a suite
/// of their own.
///
/// Failed and drifted installations are a `failure`, unreachable ones an `error`; pending and skipped ones are
/// `skipped`.
struct JUnitReport: ReportRenderer {
  fileprivate struct Suite {
    var tests = 0
    var failures = 0
    var errors = 0
    var skipped = 0
    var milliseconds = 0.0
  }

  fileprivate enum Verdict { case passed, failure, error, skipped }

  /// The suite number of installations without a wave.
  private static let noWave: Int32 = 0

  private let content: ReportContent

  init(_ content: ReportContent) { self.content = content }

  func write(_ body: (String) throws -> Void) throws {
    var suites: [Int32: Suite] = [:]
    var order: [Int32] = []
    let overview = try Overview(content) { installation in
      let wave = installation.wave.map(Int32.init(clamping:)) ?? Self.noWave
      order.append(wave)
      suites[wave, default: Suite()].add(Self.verdict(installation), installation)
    }
    let header = overview.header
    let all = suites.values.reduce(into: Suite()) { $0.add($1) }
    try body("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
    try body(("<testsuites name=\"\(header.fleet)\" \(all.attributes)>\n" as Markup).text)
    for (wave, suite) in suites.sorted(by: { $0.key < $1.key }) {
      let name = Self.name(wave, header)
      try body(
        ("""
          <testsuite name="\(name)" \(suite.attributes) timestamp="\(header.run.startedAt.replacing("Z", with: ""))">

        """ as Markup).text)
      var place = 0
      try content.forEachRecord { record in
        defer { place += 1 }
        // Records of other suites are skipped without decoding them.
        guard place < order.count, order[place] == wave else { return }
        try body(Self.testCase(ReportedInstallation(json: record), header).text)
      }
      try body("  </testsuite>\n")
    }
    try body("</testsuites>\n")
  }

  private static func name(_ wave: Int32, _ header: ReportHeader) -> String {
    guard wave != noWave else { return header.run.command }
    let planned = header.waves?.first { $0.number == Int(wave) }
    return "wave \(wave)" + (planned.map { ": \($0.name)" } ?? "")
  }

  private static func verdict(_ installation: ReportedInstallation) -> Verdict {
    switch installation.status {
    case .failed: .failure
    case .unreachable: .error
    case .skipped: .skipped
    case .pending: installation.shownDrift.isEmpty ? .skipped : .failure
    case .migrated, .current: installation.shownDrift.isEmpty ? .passed : .failure
    }
  }

  private static func testCase(_ installation: ReportedInstallation, _ header: ReportHeader) -> Markup {
    let seconds = Numbers.decimal((installation.milliseconds["total"] ?? 0) / 1000, digits: 3)
    let start: Markup = """
          <testcase name="\(installation.id)" classname="\(header.fleet)" time="\(seconds)"
      """
    let (message, type) = reason(installation)
    let detail: Markup =
      switch verdict(installation) {
      case .passed: .nothing
      case .skipped: "<skipped message=\"\(message)\"/>"
      case .failure:
        "<failure type=\"\(type)\" message=\"\(message)\">\(text(installation))</failure>"
      case .error: "<error type=\"\(type)\" message=\"\(message)\">\(text(installation))</error>"
      }
    return detail.text.isEmpty ? "\(start)/>\n" : "\(start)>\(detail)</testcase>\n"
  }

  private static func reason(_ installation: ReportedInstallation) -> (message: String, type: String) {
    if let error = installation.error { return ("\(error)", error.code.rawValue) }
    let drift = installation.shownDrift
    if !drift.isEmpty { return ("drift: \(counted(drift.count, "difference"))", "drift") }
    return ("pending: \(TextLayout.ranges(installation.pending))", "pending")
  }

  private static func text(_ installation: ReportedInstallation) -> String {
    let failure = installation.error.map { ["\($0)", "→ \($0.advice(for: [installation.id]))"] }
    let lines = [installation.place] + (failure ?? [])
    return (lines + installation.shownDrift.map { "\($0)" }).joined(separator: "\n")
  }
}

extension JUnitReport.Suite {
  fileprivate mutating func add(_ verdict: JUnitReport.Verdict, _ installation: ReportedInstallation) {
    tests += 1
    milliseconds += installation.milliseconds["total"] ?? 0
    switch verdict {
    case .passed: break
    case .failure: failures += 1
    case .error: errors += 1
    case .skipped: skipped += 1
    }
  }

  fileprivate mutating func add(_ other: Self) {
    tests += other.tests
    failures += other.failures
    errors += other.errors
    skipped += other.skipped
    milliseconds += other.milliseconds
  }

  fileprivate var attributes: Markup {
    let seconds = Numbers.decimal(milliseconds / 1000, digits: 3)
    return """
      tests="\(tests)" failures="\(failures)" errors="\(errors)" skipped="\(skipped)" time="\(seconds)"
      """
  }
}
