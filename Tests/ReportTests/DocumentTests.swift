import Foundation
import TestSupport
import Testing

@testable import Report

/// docs/reports.md names what there is, all of it and nothing else.
struct DocumentTests {
  private let document: String

  init() throws { document = try Repository.text("docs/reports.md") }

  /// What stands in code spans in the first column of a section's table.
  private func names(_ section: String) throws -> [String] {
    let sections = document.split(separator: "\n## ")
    let text = try #require(sections.first { $0.hasPrefix(section + "\n") })
    let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }
    return rows.flatMap { row in
      let cell = row.split(separator: "|")[0]
      return cell.split(separator: "`").enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }
  }

  @Test func `the columns are those that are written, in order`() throws {
    let header = try #require(try SampleReport().text(.csv).split(separator: "\r\n").first)
    #expect(try names("CSV") == header.split(separator: ",").map(String.init))
  }

  @Test func `the metrics are those that are written, and every one that an example asks for`() throws {
    let lines = try SampleReport().text(.prometheus).split(separator: "\n")
    let written = lines.filter { $0.hasPrefix("# TYPE ") }.map { String($0.split(separator: " ")[2]) }
    #expect(try names("Prometheus") == written)
    for metric in document.matches(of: /flotilla_[a-z_]+/) {
      #expect(written.contains(String(metric.output)), "\(metric.output)")
    }
  }

  @Test func `the formats are those that there are, with their endings`() throws {
    let rows = document.split(separator: "\n").filter { $0.hasPrefix("| `") }.dropFirst().prefix(6)
    let named = rows.map { row in row.split(separator: "`").map(String.init) }
    #expect(named.map { $0[1] } == ReportFormat.allCases.map(\.rawValue))
    for row in named where row.count > 3 {
      #expect(ReportFormat(path: "a.b/report" + row[3])?.rawValue == row[1])
      #expect(ReportFormat(path: "REPORT" + row[3].uppercased())?.rawValue == row[1])
    }
    for path in ["report", "report.", ".", "", "a.csv/report", "report.pdf"] {
      #expect(ReportFormat(path: path) == nil)
    }
  }
}
