import TestSupport
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

  @Test func `a receiver that asks for a client certificate gets nothing without one`() throws {
    let sender = try Sender()
    let failure = try #require(
      try deliver(sender, to: "mutual", sender.receiver.certificates.authority).failure)
    #expect(failure.code == .tls || failure.code == .disconnected, "\(failure)")
    #expect(try sender.requests.isEmpty)
  }

  @Test func `a client certificate that can't be used is told at once`() throws {
    let sender = try Sender()
    let certificates = sender.receiver.certificates
    for files in [
      ClientCertificate(path: "/nowhere/client.pem"),
      // The key of another certificate, and a file without a key.
      ClientCertificate(path: certificates.path("client.pem"), keyPath: certificates.path("good.key")),
      ClientCertificate(path: certificates.path("client.pem")),
    ] {
      let failure = try #require(
        try deliver(sender, to: "mutual", certificates.authority, client: files, attempts: 3).failure)
      #expect(failure.code == .certificate)
      #expect(failure.attempts == 1)
      #expect(failure.message.contains("check report.client_cert and client_key"))
    }
    #expect(try sender.requests.isEmpty)
  }

  @Test func `the right client certificate lets a report through`() throws {
    let sender = try Sender()
    let certificates = sender.receiver.certificates
    let files = ClientCertificate(
      path: certificates.path("client.pem"), keyPath: certificates.path("client.key"))
    let delivery = try deliver(sender, to: "mutual", certificates.authority, client: files)
    #expect(delivery.failure == nil)
    #expect(try sender.requests.count == 1)
  }

  private func deliver(
    _ sender: Sender, to certificate: String, _ authority: String?, client: ClientCertificate? = nil,
    attempts: Int = 1
  ) throws -> Delivery {
    let endpoint = try Endpoint(
      url: sender.receiver.url("status/200", certificate: certificate), clientCertificate: client,
      certificateAuthorities: authority)
    return sender.uploader(endpoint, RetryPolicy(attempts: attempts)).deliver(
      file: sender.file, id: sender.id)
  }
}
