import Report
import TestSupport
import Testing

/// Each format as it should be, and read by a program that knows the format and nothing of this one.
struct GoldenTests {
  static let sample = "\(Repository.root)/Tests/ReportTests/Fixtures/report"

  @Test(arguments: [
    (ReportFormat.html, "report.html"), (.markdown, "report.md"), (.csv, "report.csv"),
    (.prometheus, "report.prom"), (.junit, "report.xml"),
  ])
  func `a report is written as the golden file has it`(_ format: ReportFormat, _ name: String) throws {
    try expectGolden(SampleReport().text(format), name)
  }

  @Test(arguments: [
    ("page.css", "<style>", "</style>"), ("page.js", "<script>", "</script>\n</body>"),
    ("signs.svg", "<body>\n", "\n"),
  ])
  func `a page holds each resource as its file has it, not as it once was`(
    _ name: String, _ start: String, _ end: String
  ) throws {
    let file = try Repository.text("Sources/Report/Resources/\(name)")
    #expect(file.hasSuffix("\n"))
    #expect(try SampleReport().text(.html).contains(start + file.dropLast() + end))
  }

  @Test(.needs(.reportReaders))
  func `Python's csv module reads the CSV`() throws {
    try ReportReader.expectApproval("check.py", "csv", Self.sample + ".csv", Self.sample + ".json")
  }

  @Test(.needs(.reportReaders))
  func `the parser of Prometheus' client reads the metrics`() throws {
    try ReportReader.expectApproval("check.py", "prometheus", Self.sample + ".prom", Self.sample + ".json")
  }

  @Test(.needs(.reportReaders))
  func `the JUnit report keeps to the schema and is read by a JUnit reader`() throws {
    try ReportReader.expectApproval(
      "check.py", "junit", Self.sample + ".xml", Self.sample + ".json",
      "\(Repository.root)/Tests/ReportTests/Fixtures/junit.xsd")
  }

  @Test(.needs(.reportReaders))
  func `a Markdown renderer finds nothing in it but what was meant`() throws {
    try ReportReader.expectApproval("check.py", "markdown", Self.sample + ".md", Self.sample + ".json")
  }

  @Test(.needs(.reportReaders))
  func `the JSON report keeps to the published schema`() throws {
    try ReportReader.expectApproval("check.py", "json", Self.sample + ".json")
    #expect(try ReportSchema.text == Repository.text("schemas/flotilla.report-1.schema.json"))
  }

  @Test(.needs(.chromium))
  func `the page of a large fleet is shown a part at a time`() throws {
    let folder = try TemporaryFolder()
    var report = try SampleReport()
    let records = report.records
    report.records = (0..<101).flatMap { copy in
      records.map { $0.merging(["id": "\($0["id"] ?? "") \(copy)"]) { $1 } }
    }
    var summary = try #require(report.header["summary"] as? [String: Any])
    summary["installations"] = report.records.count
    report.header["summary"] = summary
    try report.writer().write(as: .html, to: folder.file("report.html"))
    try report.writer().write(to: folder.file("report.json"))
    try ReportReader.expectApproval("page.py", folder.file("report.html"), folder.file("report.json"))
  }

  @Test func `what failed on many hosts for one reason is one cause`() throws {
    var report = try SampleReport()
    let unreached = report.records[5]
    report.records = (0..<300).map { number in
      let host = "host-\(number).example.net"
      let message = "ssh: connect to host \(host) port 22: Connection timed out"
      return unreached.merging([
        "id": host, "host": host, "error": ["code": "unreachable", "step": "open", "message": message],
      ]) { $1 }
    }
    let text = try report.text(.markdown)
    #expect(
      text.contains(
        "**300 unreachable**, `open: ssh: connect to host ‹host› port 22: Connection timed out`"))
    #expect(try report.text(.html).contains("host-299.example.net port 22"))
  }

  @Test func `causes without end are summed up`() throws {
    var report = try SampleReport()
    let failed = report.records[3]
    report.records = (0..<1000).map { number in
      failed.merging([
        "id": "i\(number)", "error": ["code": "sql", "step": "migrate", "message": "reason \(number)"],
      ]) { $1 }
    }
    let text = try report.text(.markdown)
    #expect(text.contains("**800 failed**, `migrate: and other reasons`"))
    #expect(text.utf8.count < 60_000)
    let page = try report.text(.html)
    #expect(page.contains("reason 999"))
    #expect(page.contains("all 800 in the table"))
  }

  @Test(arguments: [ReportFormat.html, .markdown, .csv, .prometheus, .junit])
  func `a report of an earlier version, which doesn't say how long writers waited, is read`(
    format: ReportFormat
  ) throws {
    var report = try SampleReport()
    report.header["locked"] = nil
    for index in report.records.indices { report.records[index]["locked_ms"] = nil }
    let text = try report.text(format)
    #expect(text.contains("ownprem") || format == .csv || format == .junit)
    #expect(!text.contains("Writers waited") && !text.contains("lock_seconds"))
  }

  @Test func `times that can't be are limited`() throws {
    var report = try SampleReport()
    report.header["locked"] = [
      "installations": Int64.max, "longest_ms": 1e300, "longest_at": "x", "median_ms": -5,
    ]
    report.records[0]["locked_ms"] = -1e300
    let text = try report.text(.markdown)
    #expect(
      text.contains("at most 277777.8 h (`x`), and at most 0 ms in half of the 1,000,000,000 installations."))
    #expect(try report.text(.html).contains("at most 277777.8 h"))
    #expect(try report.text(.csv).split(separator: "\r\n").count == report.records.count + 1)
  }

  @Test(.needs(.chromium))
  func `the page can be used in a browser`() throws {
    try ReportReader.expectApproval("page.py", Self.sample + ".html", Self.sample + ".json")
  }
}
