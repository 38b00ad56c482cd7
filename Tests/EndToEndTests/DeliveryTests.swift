import Foundation
import TestSupport
import Testing

/// Reports on their way to a real HTTP server, and what waits while there is none.
@Suite struct DeliveryTests {
  private func waiting(_ fleet: SmallFleet) -> [String] {
    fleet.files.filter { $0.hasPrefix(".flotilla/outbox/") && $0.contains(".json") }
  }

  @Test func `the report of a run arrives as it was written`() throws {
    let receiver = try Receiver()
    let fleet = try SmallFleet(
      3, extra: "report: { url: \"\(receiver.url)/status/200\", token: \"${TOKEN}\" }")
    let run = try fleet.run("migrate", "--yes", environment: ["TOKEN": "s3cret-token-of-the-fleet"])
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(run.output.contains("delivered to 127.0.0.1"))
    #expect(!(run.output + run.errors).contains("s3cret"))
    let id = try #require(try receiver.ids().first)
    let request = try #require(try receiver.requests(id).first)
    let headers = request.headers
    #expect(headers["authorization"] == "Bearer s3cret-token-of-the-fleet")
    let body = request.body
    #expect(body.missing == 0)
    #expect(body.text.contains("flotilla.report/1"))
    #expect(fleet.files.contains(".flotilla/reports/\(id).json"))
    #expect(waiting(fleet) == [])
    for file in fleet.files where file.hasPrefix(".flotilla/") && !file.hasSuffix("lock") {
      let data = (try? Data(contentsOf: URL(filePath: fleet.folder.file(file)))) ?? Data()
      #expect(data.range(of: Data("s3cret".utf8)) == nil, "\(file) holds the token")
    }
  }

  @Test func `a report that can't be delivered waits, and goes first the next time`() throws {
    let receiver = try Receiver()
    let fleet = try SmallFleet(2, extra: "report: { url: \"http://127.0.0.1:1/closed\" }")
    let down = try fleet.run("migrate", "--yes")
    #expect(down.status == 6, "\(down.output)\(down.errors)")
    #expect(down.output.contains("not delivered"))
    #expect(down.output.contains("2 migrated"))
    #expect(waiting(fleet).count == 1)
    #expect(try fleet.versions() == [[1, 2, 3], [1, 2, 3]])

    try fleet.configure("report: { url: \"\(receiver.url)/status/200\" }")
    let up = try fleet.run("migrate", "--yes")
    #expect(up.status == 0, "\(up.output)\(up.errors)")
    #expect(up.output.contains("delivered to 127.0.0.1 (and 1 earlier report)"))
    #expect(waiting(fleet) == [])
    let ids = try receiver.ids()
    #expect(ids.count == 2)
    #expect(ids == ids.sorted(), "the earlier report must come first")
  }

  @Test func `a failure of an installation counts more than one of the delivery`() throws {
    let fleet = try SmallFleet(2, extra: "report: { url: \"http://127.0.0.1:1/closed\" }")
    try Data().write(to: URL(filePath: fleet.path(0)))
    #expect(try fleet.run("migrate", "--yes").status == 3)
    #expect(waiting(fleet).count == 1)
  }

  @Test func `without upload nothing is sent`() throws {
    let fleet = try SmallFleet(1, extra: "report: { url: \"http://127.0.0.1:1/closed\" }")
    #expect(try fleet.run("migrate", "--yes", "--no-upload").status == 0)
    #expect(waiting(fleet) == [])
  }
}
