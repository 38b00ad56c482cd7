import Basics
import Testing
import Upload

@testable import Collect

@Suite struct RequestAuthorizerTests {
  static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
  static let other = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

  static func authorizer(
    token: String? = "t0ken", secrets: [String] = [secret], read: String? = nil, isLoopback: Bool = true
  ) throws -> RequestAuthorizer {
    RequestAuthorizer(
      token: try token.map { try Secret($0) }, secrets: try secrets.map { try SigningSecret(Secret($0)) },
      readToken: try read.map { try Secret($0) }, isLoopback: isLoopback, now: { 1_000_000 })
  }

  static func request(_ headers: [String: String]) -> RequestHeaders {
    let all = [
      "webhook-id": "report-1", "webhook-timestamp": "1000000", "webhook-signature": "v1,AAAA",
      "authorization": "Bearer t0ken", "host": "127.0.0.1:8080",
    ].merging(headers) { $1 }
    return RequestHeaders { all[$0].flatMap { $0.isEmpty ? nil : $0 } }
  }

  @Test(arguments: [
    ("authorization", "", 401), ("authorization", "Bearer wrong", 401),
    ("authorization", "Bearer t0ken ", 401),
    ("authorization", "Basic t0ken", 401), ("authorization", "t0ken", 401),
    ("webhook-id", "", 400), ("webhook-id", "../etc", 400),
    ("webhook-id", String(repeating: "a", count: 129), 400),
    ("webhook-signature", "", 401), ("webhook-timestamp", "", 401), ("webhook-timestamp", "soon", 401),
    ("webhook-timestamp", "999699", 401), ("webhook-timestamp", "1000301", 401),
    ("webhook-timestamp", "-9223372036854775808", 401),
  ])
  func `who doesn't show what is asked for is refused`(header: String, value: String, status: Int) throws {
    let answer = try Self.authorizer().refusal(of: Self.request([header: value]))
    #expect(answer?.status == status)
    #expect(String(decoding: answer?.body ?? [], as: UTF8.self).contains("t0ken") == false)
  }

  @Test(arguments: ["999700", "1000300", "1000000"])
  func `clocks may be five minutes apart`(timestamp: String) throws {
    #expect(try Self.authorizer().refusal(of: Self.request(["webhook-timestamp": timestamp])) == nil)
  }

  @Test func `a signature counts for its id, its time, its body and its secret alone`() throws {
    func header(_ id: String, _ time: String, _ body: String, _ secret: String) throws -> String {
      var signature = WebhookSignature(
        id: id, timestamp: time, secrets: [try SigningSecret(Secret(secret))])
      signature.add(Array(body.utf8)[...])
      return signature.header
    }
    let authorizer = try Self.authorizer(secrets: [Self.other, Self.secret])
    func check(_ signature: String) -> Int? {
      let request = Self.request(["webhook-signature": signature])
      var expected = authorizer.signature(of: request)
      expected.add(Array("body".utf8)[...])
      return authorizer.refusal(of: request, expected)?.status
    }
    #expect(check(try header("report-1", "1000000", "body", Self.secret)) == nil)
    #expect(check(try header("report-1", "1000000", "body", Self.other)) == nil)
    #expect(check("v1,AAAA " + (try header("report-1", "1000000", "body", Self.secret))) == nil)
    #expect(check(try header("report-2", "1000000", "body", Self.secret)) == 401)
    #expect(check(try header("report-1", "1000001", "body", Self.secret)) == 401)
    #expect(check(try header("report-1", "1000000", "Body", Self.secret)) == 401)
    #expect(
      check(try header("report-1", "1000000", "body", "whsec_" + String(repeating: "A", count: 32))) == 401)
    #expect(check("v1,") == 401)
  }

  @Test(arguments: [
    ("collector.example", 403), ("127.0.0.1.example", 403), ("", 403), ("[::2]:1", 403),
    ("127.0.0.1:8080", nil), ("localhost", nil), ("LOCALHOST:1", nil), ("[::1]:8080", nil),
  ])
  func `without a token this machine alone reads, by a name of its own`(host: String, status: Int?) throws {
    let request = Self.request(["host": host])
    #expect(try Self.authorizer().refusal(ofReader: request)?.status == status)
    #expect(try Self.authorizer(isLoopback: false).refusal(ofReader: request)?.status == 403)
  }

  @Test(arguments: [
    ("", 401), ("Bearer t0ken", 401), ("Basic OnQwa2Vu", 401), ("Basic !", 401), ("Basic cjM0ZA==", 401),
    ("Bearer r34d", nil), ("Basic YW5uOnIzNGQ=", nil), ("basic OnIzNGQ=", nil),
  ])
  func `with a read token nobody reads without it`(header: String, status: Int?) throws {
    let request = Self.request(["authorization": header])
    #expect(try Self.authorizer(read: "r34d").refusal(ofReader: request)?.status == status)
  }
}
