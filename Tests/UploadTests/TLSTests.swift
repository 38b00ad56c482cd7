import Testing

@testable import Upload

@Suite struct TLSTests {
  @Test(arguments: [
    ("self-signed", true), ("self-signed", false), ("expired", true), ("wrong-host", true), ("good", false),
  ])
  func `a certificate that can't be verified is refused, for good`(name: String, knowsAuthority: Bool) throws
  {
    let sender = try Sender()
    let authority = knowsAuthority ? sender.receiver.certificates.authority : nil
    let failure = try #require(try deliver(sender, to: name, authority, attempts: 5).failure)
    #expect(failure.code == .certificate)
    #expect(!failure.isRetryable)
    #expect(failure.attempts == 1)
    #expect(try sender.requests.isEmpty)
  }

  @Test func `a CA file that can't be read is a failure, not trust in anything`() throws {
    let failure = try #require(try deliver(Sender(), to: "good", "/nowhere/ca.pem", attempts: 5).failure)
    #expect(failure.code == .certificate)
    #expect(!failure.isRetryable)
  }

  @Test func `plain HTTP where TLS is expected is refused`() throws {
    let sender = try Sender()
    let url = sender.receiver.url("status/200").replacing("http:", with: "https:")
    let failure = try #require(
      sender.uploader(try Endpoint(url: url)).deliver(file: sender.file, id: sender.id).failure)
    #expect(failure.code == .tls)
  }

  @Test func `the right CA file lets a report through`() throws {
    let sender = try Sender()
    let delivery = try deliver(sender, to: "good", sender.receiver.certificates.authority)
    #expect(delivery.failure == nil)
    #expect(try sender.requests.count == 1)
  }

  private func deliver(
    _ sender: Sender, to certificate: String, _ authority: String?, attempts: Int = 1
  ) throws -> Delivery {
    let endpoint = try Endpoint(
      url: sender.receiver.url("status/200", certificate: certificate), certificateAuthorities: authority)
    return sender.uploader(endpoint, RetryPolicy(attempts: attempts)).deliver(
      file: sender.file, id: sender.id)
  }
}
