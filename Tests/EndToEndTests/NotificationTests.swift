import Foundation
import TestSupport
import Testing

/// `report.notify`: who is told, of what, and what is never shown.
@Suite struct NotificationTests {
  /// What a receiver was told under an id.
  private func told(_ receiver: Receiver) throws -> [String] {
    try receiver.ids().flatMap { try receiver.requests($0) }.map { request in
      let body = request.body
      let json = try JSONSerialization.jsonObject(with: Data(body.text.utf8))
      let message = try #require(json as? [String: String])
      #expect(message.keys.sorted() == ["text"])
      return message["text"] ?? ""
    }
  }

  @Test func `an address that is no address is refused without being shown`() throws {
    let fleet = try SmallFleet(1, extra: "report: { notify: \"https://ann:s3cret@chat.example/T0KEN\" }")
    let run = try fleet.run("migrate", "--yes")
    #expect(run.status == 1)
    #expect(run.errors.contains("report.notify: the URL holds a user name or password"))
    #expect(!run.errors.contains("s3cret") && !run.errors.contains("T0KEN"))
  }

  @Test(arguments: ["http://127.0.0.1:1/services/T0KENPART", "RECEIVER/status/404/T0KENPART"])
  func `a message that doesn't arrive changes no status, and its address stays unknown`(address: String)
    throws
  {
    let receiver = try Receiver()
    let fleet = try SmallFleet(
      2, extra: "report: { notify: [\"\(address.replacing("RECEIVER", with: receiver.url))\"] }")
    try Data().write(to: URL(filePath: fleet.path(0)))
    let run = try fleet.run("migrate", "--yes")
    #expect(run.status == 3)
    #expect(run.errors.contains("flotilla: report.notify: not told: 127.0.0.1 "), "\(run.errors)")
    #expect(!(run.output + run.errors).contains("T0KEN"))
    for file in fleet.files where file.hasPrefix(".flotilla/") && !file.hasSuffix("lock") {
      let data = (try? Data(contentsOf: URL(filePath: fleet.folder.file(file)))) ?? Data()
      #expect(data.range(of: Data("T0KEN".utf8)) == nil, "\(file) holds the address")
    }
  }

  @Test func `a run that failed is told with what failed, and one that went well isn't`() throws {
    let receiver = try Receiver()
    let fleet = try SmallFleet(
      3, extra: "report: { notify: [\"${A}\", \"${A}\"] }\nrollout: { max_failures: 1 }")
    let environment = ["A": "\(receiver.url)/status/200/T0KENPART"]
    #expect(try fleet.run("migrate", "--yes", environment: environment).status == 0)
    #expect(try told(receiver).isEmpty)
    try Data("<!channel> & more".utf8).write(to: URL(filePath: fleet.path(1)))
    #expect(try fleet.run("migrate", "--yes", "--no-upload", environment: environment).status == 3)
    #expect(try told(receiver).isEmpty)
    let run = try fleet.run("migrate", "--yes", environment: environment)
    #expect(run.status == 3)
    #expect(!(run.output + run.errors).contains("T0KEN"))
    let messages = try told(receiver)
    #expect(messages.count == 2)
    let message = try #require(messages.first)
    #expect(message.hasPrefix("small: migrate failed on "))
    #expect(message.contains("\n2 current · 1 failed\n1 failed  i0001\n"), "\(message)")
    #expect(try receiver.ids().contains(String(message.suffix(26))))
  }

  @Test func `drift is told when it comes and when it goes, and not in between`() throws {
    let receiver = try Receiver()
    let fleet = try SmallFleet(2, extra: "report: { notify: \"\(receiver.url)/status/200/T0KENPART\" }")
    #expect(try fleet.run("drift").status == 0)
    #expect(try told(receiver).isEmpty)
    try SmallFleet.change(fleet.path(1), "CREATE TABLE \"<b>&\" (id)")
    #expect(try fleet.run("drift").status == 4)
    #expect(try fleet.run("drift").status == 4)
    #expect(try told(receiver).count == 1)
    let came = try #require(try told(receiver).last)
    #expect(came.hasPrefix("small: drift changed on "))
    #expect(came.contains("\nnew: i0001 table_unexpected &lt;b&gt;&amp;\n"), "\(came)")
    try SmallFleet.change(fleet.path(1), "DROP TABLE \"<b>&\"")
    #expect(try fleet.run("drift").status == 0)
    #expect(try told(receiver).last?.contains("\nresolved: i0001 table_unexpected") == true)
    #expect(try told(receiver).count == 2)
  }
}
