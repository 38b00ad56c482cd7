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

  @Test(.enabled(if: Reader.hasPackages, "needs .build-python: make test makes it"))
  func `Python's csv module reads the CSV`() throws {
    try Reader.expectApproval("check.py", "csv", Self.sample + ".csv", Self.sample + ".json")
  }

  @Test(.enabled(if: Reader.hasPackages, "needs .build-python: make test makes it"))
  func `the parser of Prometheus' client reads the metrics`() throws {
    try Reader.expectApproval("check.py", "prometheus", Self.sample + ".prom", Self.sample + ".json")
  }

  @Test(.enabled(if: Reader.hasPackages, "needs .build-python: make test makes it"))
  func `the JUnit report keeps to the schema and is read by a JUnit reader`() throws {
    try Reader.expectApproval(
      "check.py", "junit", Self.sample + ".xml", Self.sample + ".json",
      "\(Repository.root)/Tests/ReportTests/Fixtures/junit.xsd")
  }

  @Test(.enabled(if: Reader.hasPackages, "needs .build-python: make test makes it"))
  func `a Markdown renderer finds nothing in it but what was meant`() throws {
    try Reader.expectApproval("check.py", "markdown", Self.sample + ".md", Self.sample + ".json")
  }

  @Test(.enabled(if: Reader.hasPackages, "needs .build-python: make test makes it"))
  func `the JSON report keeps to the published schema`() throws {
    try Reader.expectApproval("check.py", "json", Self.sample + ".json")
    #expect(try ReportSchema.text == Repository.text("schemas/flotilla.report-1.schema.json"))
  }

  @Test(.enabled(if: Reader.hasBrowser, "needs chromium: make test installs it"))
  func `the page can be used in a browser`() throws {
    try Reader.expectApproval("page.py", Self.sample + ".html", Self.sample + ".json")
  }
}
