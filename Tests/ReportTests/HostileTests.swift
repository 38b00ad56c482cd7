import Fleet
import Foundation
import Report
import TestSupport
import Testing

/// Names, paths, labels and messages come from inventories, databases and other machines: whoever writes them must
/// not be able to run, load or forge anything.
struct HostileTests {
  static let texts = [
    "<script>window.hacked=1</script>", "</script><script>window.hacked=2</script>",
    "<!--<script>", "--></script><img src=x onerror=window.hacked=3>", "\"><svg onload=window.hacked=4>",
    "' onmouseover='window.hacked=5", "javascript:window.hacked=6", "]]><hacked/>", "&lt;b&gt; &amp; &#x3c;",
    "{{7*7}} ${7*7} `${7*7}`", "=HYPERLINK(\"http://example.invalid\",\"click\")", "+1+cmd|' /C calc'!A0",
    "@SUM(1)", "＝1",
    "-2+3", "\t=1", "a,b;\"c\"\r\nd",
    "@everyone #1 [x](http://example.invalid) ![y](z) **b** | c",
    "``` \n# heading\n", "` `` ```", "\u{202E}desrever\u{202C}",
    "nul\u{0}esc\u{1B}[31m del\u{7F} c1\u{85}\u{9B}",
    "\u{2028}\u{2029}\u{FEFF}\u{FFFE}\u{FFFF}", "emoji 👩‍👩‍👧 e\u{301}",
    "\"\u{301}`\u{301},<\u{301}>\u{301}&\u{301}\n\u{301}=\u{301}",
    "\\u003cscript\\u003e\\", "%00%3Cscript%3E",
    String(repeating: "long", count: 200),
    "\u{2066}i\u{2069}\u{200B}z\u{61C}\u{AD}\u{200F}\u{202E}gnp.exe\u{E0041}",
  ]

  /// Characters that would change what a terminal shows around them, or would not be seen on it.
  static let hidden =
    "\u{202E}\u{202C}\u{2066}\u{2069}\u{200B}\u{61C}\u{AD}\u{200F}\u{E0041}\u{9B}\u{7F}\u{FEFF}"

  private func report(fleet: String) throws -> SampleReport {
    var report = try SampleReport()
    report.header["fleet"] = fleet
    report.header["locked"] = [
      "installations": 2, "longest_ms": 2, "median_ms": 1, "longest_at": fleet,
    ]
    let template = report.records[3]
    report.records = Self.texts.enumerated().map { place, text in
      var record = template
      record["id"] = text
      record["path"] = "/srv/\(text)"
      record["host"] = text
      record["groups"] = [text, "other"]
      record["labels"] = [text: text]
      record["error"] = [
        "code": place % 2 == 0 ? text : "sql", "step": "prove", "message": text, "at_fault": "database",
        "files": [text],
      ]
      record["drift"] = [
        [
          "kind": "table_missing", "object": text, "severity": "error", "expected": text,
          "actual": NSNull(),
        ]
      ]
      record["wave"] = 2
      return record
    }
    var run = try #require(report.header["run"] as? [String: Any])
    run["only"] = Self.texts[1]
    report.header["run"] = run
    report.header["cohorts"] = report.records.map { record in
      [
        "version": 5, "fingerprint": record["fingerprint"] ?? NSNull(), "count": 1,
        "drift": record["drift"] ?? [],
      ] as [String: Any]
    }
    report.header["summary"] =
      [
        "installations": Self.texts.count, "migrated": 0, "current": 0, "pending": 0,
        "failed": Self.texts.count,
        "unreachable": 0, "skipped": 0, "drifted": Self.texts.count, "by_version": ["5": Self.texts.count],
      ] as [String: Any]
    return report
  }

  /// Writes the report in a format, and as JSON beside it.
  private func write(_ format: ReportFormat, fleet: String) throws -> (
    folder: TemporaryFolder, file: String, json: String
  ) {
    let folder = try TemporaryFolder()
    let writer = try report(fleet: fleet).writer()
    let (file, json) = (folder.file("report.\(format)"), folder.file("report.json"))
    try writer.write(as: format, to: file)
    try writer.write(to: json)
    return (folder, file, json)
  }

  @Test(
    .needs(.chromium),
    arguments: ["<b>fleet</b>", "</script><img src=x onerror=window.hacked=7>"])
  func `nothing of it runs in the page, and all of it is shown`(_ fleet: String) throws {
    let written = try write(.html, fleet: "<" + fleet)
    try ReportReader.expectApproval("page.py", written.file, written.json)
  }

  @Test func `the page's markup holds no text as it came`() throws {
    let text = try report(fleet: Self.texts[0]).text(.html)
    for hostile in Self.texts where hostile.contains("<") { #expect(!text.contains(hostile)) }
    #expect(text.ranges(of: "</script").count == 2)
    #expect(!text.contains("<!--"))
  }

  @Test(.needs(.reportReaders))
  func `a spreadsheet gets no formula and every cell whole`() throws {
    let written = try write(.csv, fleet: "f")
    try ReportReader.expectApproval("check.py", "csv", written.file, written.json)
  }

  @Test(.needs(.reportReaders))
  func `a label keeps to its sample`() throws {
    let written = try write(.prometheus, fleet: Self.texts.joined(separator: " "))
    try ReportReader.expectApproval("check.py", "prometheus", written.file, written.json)
  }

  @Test(.needs(.reportReaders))
  func `JUnit's XML stays well-formed`() throws {
    let written = try write(.junit, fleet: Self.texts[20])
    try ReportReader.expectApproval(
      "check.py", "junit", written.file, written.json,
      "\(Repository.root)/Tests/ReportTests/Fixtures/junit.xsd")
  }

  @Test(.needs(.reportReaders))
  func `Markdown mentions nobody, links nowhere and stays short`() throws {
    let written = try write(.markdown, fleet: "f")
    try ReportReader.expectApproval("check.py", "markdown", written.file, written.json)
  }

  @Test(arguments: ReportFormat.allCases)
  func `no format has a character that turns its neighbours round or can't be seen`(format: ReportFormat)
    throws
  {
    let text = try report(fleet: Self.texts[Self.texts.count - 1]).text(format)
    for scalar in Self.hidden.unicodeScalars {
      #expect(!text.unicodeScalars.contains(scalar), "\(format): U+\(String(scalar.value, radix: 16))")
    }
  }

  @Test func `JSON keeps every character, hidden ones as escapes`() throws {
    let sample = try report(fleet: Self.texts[Self.texts.count - 1])
    let text = try sample.text(.json)
    let report = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(report["fleet"] as? String == Self.texts[Self.texts.count - 1])
    let ids = try #require(report["installations"] as? [[String: Any]]).map { $0["id"] as? String }
    #expect(ids == Self.texts)
  }

  @Test func `more versions or waves than a fleet has don't fill the page`() throws {
    var sample = try SampleReport()
    let waves = (1...150).map {
      RolloutRecord.WaveRecord(number: $0, name: "wave \($0)", installations: 1, counts: [:])
    }
    let rollout = RolloutRecord(run: "x", startedAt: "2026-01-29T09:30:00Z", result: "finished", waves: waves)
    sample.past = ReportContent.Past(rollout: rollout)
    let page = try sample.text(.html)
    #expect(page.contains("wave 100<") && !page.contains("wave 101<") && page.contains("<p>and 50 more</p>"))
    var summary = try #require(sample.header["summary"] as? [String: Any])
    summary["by_version"] = Dictionary(uniqueKeysWithValues: (0...10_000).map { ("\($0)", 1) })
    sample.header["summary"] = summary
    #expect(throws: DecodingError.self) { try sample.text(.html) }
  }
}
