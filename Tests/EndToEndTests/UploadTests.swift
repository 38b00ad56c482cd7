import Foundation
import TestSupport
import Testing

/// What `report` in fleet.yml brings about, through the program.
@Suite struct UploadTests {
  static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
  static let other = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

  private func waiting(_ fleet: SmallFleet) -> [String] {
    fleet.files.filter { $0.hasPrefix(".flotilla/outbox/") && $0.hasSuffix(".json") }.sorted()
  }

  @Test(arguments: [
    ("secret: s3cret-key", "report.secret: a secret to sign with must be base64 behind whsec_"),
    ("secret: [whsec_czNjcmV0]", "report.secret: a secret to sign with must have 24 to 64 bytes"),
    ("token_file: /nowhere/token", "report.token_file: the secret in /nowhere/token is missing"),
  ])
  func `a secret that can't be used is told before anything is done`(setting: String, message: String) throws
  {
    let fleet = try SmallFleet(1, extra: "report: { url: \"http://127.0.0.1:1/\", \(setting) }")
    let run = try fleet.run("migrate", "--yes")
    #expect(run.status == 1)
    #expect(run.errors.contains(message), "\(run.errors)")
    #expect(!run.errors.contains("s3cret-key") && !run.errors.contains("czNj"))
    #expect(try fleet.versions() == [[1]])
  }

  @Test func `what waits goes with flush, in order, signed for both secrets, under the ids it had`() throws {
    let receiver = try Receiver()
    let secrets = "secret: [\"${ONE}\", \"${TWO}\"], token: t0ken-of-the-fleet, compress: true"
    let environment = ["ONE": Self.secret, "TWO": Self.other]
    let fleet = try SmallFleet(40, extra: "report: { url: \"http://127.0.0.1:1/\", \(secrets) }")
    #expect(try fleet.run("report", "flush", environment: environment).output == "nothing waits\n")
    #expect(try fleet.run("migrate", "--yes", environment: environment).status == 6)
    #expect(try fleet.run("report", "--run", "last", "--upload", environment: environment).status == 6)
    #expect(try fleet.run("migrate", "--yes", environment: environment).status == 6)
    #expect(waiting(fleet).count == 2)
    let down = try fleet.run("report", "flush", environment: environment)
    #expect(down.status == 6)
    #expect(down.words.contains("0 reports delivered to 127.0.0.1, 2 still in "), "\(down.output)")

    let path = "verify/\(Self.secret)/\(Self.other)"
    try fleet.configure("report: { url: \"\(receiver.url)/\(path)\", \(secrets) }")
    let up = try fleet.run("report", "flush", environment: environment)
    #expect(up.status == 0, "\(up.output)\(up.errors)")
    #expect(up.output == "2 reports delivered to 127.0.0.1\n")
    #expect(waiting(fleet).isEmpty)
    let ids = try receiver.ids()
    #expect(ids == ids.sorted() && ids.count == 2)
    for id in ids {
      let request = try #require(try receiver.requests(id).first)
      let headers = request.headers
      #expect(headers["content-encoding"] == "gzip")
      #expect(headers["flotilla-coordinator"]?.isEmpty == false)
      let body = request.body
      let sent = body.text
      let kept = try String(
        contentsOfFile: fleet.folder.file(".flotilla/reports/\(id).json"), encoding: .utf8)
      #expect(kept.hasPrefix(sent))
    }
    let again = try fleet.run("report", "--run", ids[0], "--upload", environment: environment)
    #expect(again.status == 0, "\(again.errors)")
    #expect(try receiver.requests(ids[0]).count == 2)
    for text in [down.output, down.errors, up.output, up.errors, again.errors] {
      #expect(!text.contains("t0ken") && !text.contains("MfKQ"))
    }
  }

  @Test(arguments: [("status/301", 301), ("status/401", 401), ("status/410", 410), ("echo/400", 400)])
  func `a refusal leaves the report in the outbox and nothing secret anywhere`(
    behaviour: String, status: Int
  ) throws {
    let receiver = try Receiver()
    let fleet = try SmallFleet(
      1, extra: "report: { url: \"\(receiver.url)/\(behaviour)?key=qu3ry\", token: t0ken-of-the-fleet }")
    let run = try fleet.run("migrate", "--yes")
    #expect(run.status == 6)
    #expect(run.output.contains("127.0.0.1 answered \(status)"), "\(run.output)")
    #expect(try receiver.ids().count == 1)
    #expect(waiting(fleet).count == 1)
    #expect(!(run.output + run.errors).contains("t0ken") && !(run.output + run.errors).contains("qu3ry"))
  }

  @Test func `the proxy of the environment is used, and its password is not shown`() throws {
    let proxy = try Receiver()
    let address = proxy.url.replacing("//", with: "//ann:s3cret@")
    let fleet = try SmallFleet(
      1, extra: "report: { url: \"http://collector.invalid/status/200\", method: PUT }")
    let run = try fleet.run("migrate", "--yes", environment: ["http_proxy": address])
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(!(run.output + run.errors).contains("s3cret"))
    let id = try #require(try proxy.ids().first)
    let request = try #require(try proxy.requests(id).first)
    #expect(request.method == "PUT")
    #expect(request.path == "http://collector.invalid/status/200")
    let headers = request.headers
    #expect(headers["proxy-authorization"] != nil)
    try fleet.configure("report: { url: \"http://collector.invalid/status/407\" }")
    let refused = try fleet.run("migrate", "--yes", environment: ["http_proxy": address])
    #expect(refused.status == 6)
    #expect(refused.output.contains("a proxy answered 407"), "\(refused.output)")
    #expect(!(refused.output + refused.errors).contains("s3cret"))
  }

  @Test func `an outbox that fills up is warned of before it is full, and loses nothing then`() throws {
    let fleet = try SmallFleet(1, extra: "report: { url: \"http://127.0.0.1:1/\" }")
    #expect(try fleet.run("migrate", "--yes").status == 6)
    let id = try #require(waiting(fleet).first).split(separator: "-")[1].dropLast(5)
    for number in 2...100 {
      let digits = String(repeating: "0", count: 20 - "\(number)".count) + "\(number)"
      try fleet.folder.write("{}", to: ".flotilla/outbox/\(digits)-copy\(number).json")
    }
    let flush = try fleet.run("report", "flush")
    #expect(flush.errors.contains("100 reports with"), "\(flush.errors)")
    let run = try fleet.run("migrate", "--yes")
    #expect(run.status == 6)
    #expect(run.words.contains("was not queued for upload: 100 reports"), "\(run.output)")
    #expect(waiting(fleet).count == 100)
    #expect(waiting(fleet).first?.contains(id) == true)
    #expect(fleet.files.count { $0.hasPrefix(".flotilla/reports/") && $0.hasSuffix(".json") } == 2)
  }
}
