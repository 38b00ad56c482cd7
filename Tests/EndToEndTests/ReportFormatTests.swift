import Foundation
import SQLite
import TestSupport
import Testing

/// `report` and `migrate --report` in every format, over a real fleet with one of everything.
@Suite struct ReportFormatTests {
  private let fleet: SmallFleet

  init() throws {
    fleet = try SmallFleet(8, extra: "rollout: { waves: [2, 100%], max_failures: 3 }")
    try fleet.configure(
      "rollout: { waves: [2, 100%], max_failures: 3 }",
      installations: "  - { files: db/*.sqlite, groups: [stores], labels: { region: eu } }\n"
        + "  - { id: away, host: 127.0.0.1, port: 9, path: /srv/db.sqlite }")
    try fleet.folder.write("Nobody remembers what this was.", to: "db/attic <b>.sqlite")
    try SmallFleet.change(fleet.path(3), "INSERT INTO items (parent) VALUES (99)")
    try SmallFleet.change(fleet.path(5), "CREATE TABLE own (id INTEGER)")
    try SmallFleet.change(
      fleet.path(6), "INSERT INTO schema_migrations (version, name) VALUES (7, 'pilot')")
  }

  private static let endings = ["json", "html", "md", "csv", "prom", "xml"]

  private func report(_ arguments: String..., as name: String) throws -> String {
    let run = try Program.run(["report"] + arguments + ["--output", name], in: fleet.folder.path)
    #expect(run.status == 0 || run.status == 3, "\(run.errors)")
    #expect(run.output == "")
    return fleet.folder.file(name)
  }

  @Test(.needs(.reportReaders))
  func `every format of a rollout agrees with its JSON`() throws {
    #expect(try fleet.run("migrate", "--yes").status == 3)
    let json = try report("--run", "last", as: "report.json")
    let schema = "\(Repository.root)/Tests/ReportTests/Fixtures/junit.xsd"
    for arguments in [
      ["json", json], ["csv", try report("--run", "last", as: "r.csv"), json],
      ["prometheus", try report("--run", "last", as: "r.prom"), json],
      ["junit", try report("--run", "last", as: "r.xml"), json, schema],
      ["markdown", try report("--run", "last", as: "r.md"), json],
    ] {
      let checked = try ReportReader.run("check.py", arguments)
      #expect(checked.status == 0, "\(arguments[0]): \(checked.errors)")
    }
  }

  @Test(.needs(.chromium))
  func `the page of a live look has the fleet's past`() throws {
    #expect(try fleet.run("drift").status == 4)
    #expect(try fleet.run("migrate", "--yes").status == 3)
    let (json, page) = (try report(as: "live.json"), try report(as: "live.html"))
    let text = try String(contentsOfFile: page, encoding: .utf8)
    #expect(text.contains("Latest rollout by wave"))
    #expect(text.contains("Adoption of version 3 over time"))
    let opened = try ReportReader.run("page.py", [page, json, "-"])
    #expect(opened.status == 0, "\(opened.errors)")
  }

  @Test func `a run over a selection is no point of the fleet's past`() throws {
    _ = try fleet.run("--only", "i000*", "drift")
    _ = try fleet.run("drift")
    let text = try String(contentsOfFile: report(as: "live.html"), encoding: .utf8)
    // The one drift over the whole fleet, and the look itself.
    #expect(text.components(separatedBy: "<th scope=\"row\">20").count - 1 == 2)
    #expect(text.contains("not the whole fleet") == false)
    let part = try Program.run("--only", "i000*", "report", "--format", "html", in: fleet.folder.path)
    #expect(part.output.contains("only <code><bdi>i000*</bdi></code>, not the whole fleet"))
  }

  @Test func `a report of a fleet without a state folder makes none`() throws {
    _ = try report(as: "report.html")
    #expect(!fleet.files.contains { $0.hasPrefix(".flotilla") })
  }

  @Test(arguments: endings)
  func `migrate writes its report in the format that the file's name asks for`(_ ending: String) throws {
    let name = "copy.\(ending)"
    _ = try fleet.run("migrate", "--yes", "--report", name)
    let copy = try Data(contentsOf: URL(filePath: fleet.folder.file(name)))
    let printed = try report("--run", "last", as: "printed.\(ending)")
    #expect(try copy == Data(contentsOf: URL(filePath: printed)))
  }

  @Test func `node_exporter can read its file, and nobody else the others`() throws {
    for ending in Self.endings {
      var status = stat()
      #expect(stat(try report(as: "r.\(ending)"), &status) == 0)
      #expect(status.st_mode & 0o777 == (ending == "prom" ? 0o644 : 0o600))
    }
    #expect(!fleet.files.contains { $0.hasSuffix(".part") })
  }

  @Test func `a report that can't take its name leaves nothing behind`() throws {
    try FileManager.default.createDirectory(
      atPath: fleet.folder.file("taken.html"), withIntermediateDirectories: true)
    let run = try fleet.run("report", "--output", "taken.html")
    #expect(run.status == 1)
    #expect(run.errors.contains("taken.html can't be written"))
    #expect(!fleet.files.contains { $0.hasSuffix(".part") })
  }

  @Test func `what is uploaded is JSON, whatever is written beside it`() throws {
    let receiver = try Receiver()
    try fleet.configure("report: { url: \"\(receiver.url)/status/200\" }")
    let run = try fleet.run("report", "--upload", "--output", "page.html")
    #expect(run.errors.contains("delivered to 127.0.0.1"))
    let page = try String(contentsOfFile: fleet.folder.file("page.html"), encoding: .utf8)
    #expect(page.hasPrefix("<!DOCTYPE html>"))
    let id = try #require(try receiver.ids().first)
    let request = try #require(try receiver.requests(id).first)
    let body = request.body
    // The receiver keeps the beginning.
    #expect(body.text.contains("\"format\":\"flotilla.report/1\""))
  }

  @Test(arguments: ["last", "01M854S4DZBPQP1PN6RR6YJR2D", "yesterday", ""])
  func `a run that isn't there has no report`(_ id: String) throws {
    try FileManager.default.createDirectory(
      atPath: fleet.folder.file(".flotilla"), withIntermediateDirectories: true)
    let run = try fleet.run("report", "--run", id, "--format", "html")
    #expect(run.status == 1)
    #expect(run.output == "")
    #expect(run.errors.contains("there is no run \(id)"))
  }

  @Test func `an unknown format is wrong usage, and the known ones are named`() throws {
    let run = try fleet.run("report", "--format", "pdf")
    #expect(run.status == 64)
    for format in ["json", "html", "markdown", "csv", "prometheus", "junit"] {
      #expect(run.errors.contains(format))
    }
  }

  @Test func `the schema is printed without a fleet`() throws {
    let run = try Program.run("report", "--schema", in: "/")
    #expect(run.status == 0)
    #expect(try run.output == Repository.text("schemas/flotilla.report-1.schema.json"))
  }
}
