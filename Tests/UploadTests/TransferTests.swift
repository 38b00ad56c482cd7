import Basics
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Upload

@Suite struct TransferTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func `a report that becomes shorter while it is sent breaks off`() throws {
    let path = try folder.write("1234", to: "report")
    let file = try OpenFile(reading: path)
    let transfer = Transfer(file: file.descriptor.rawValue, size: 5, excerptLimit: 9, isCancelled: { false })
    #expect(read(transfer, 9) == "1234")
    #expect(read(transfer, 9) == nil)
    #expect(transfer.fileError?.code == .staleNFSFileHandle)
  }

  @Test func `a report that becomes longer while it is sent ends where it ended`() throws {
    let path = try folder.write("123456", to: "report")
    let file = try OpenFile(reading: path)
    let transfer = Transfer(file: file.descriptor.rawValue, size: 4, excerptLimit: 9, isCancelled: { false })
    #expect(read(transfer, 3) == "123")
    #expect(read(transfer, 3) == "4")
    #expect(read(transfer, 3) == "")
  }

  @Test func `a body that has to be sent again begins at its beginning`() throws {
    let path = try folder.write("1234", to: "report")
    let file = try OpenFile(reading: path)
    let transfer = Transfer(file: file.descriptor.rawValue, size: 4, excerptLimit: 9, isCancelled: { false })
    #expect(read(transfer, 3) == "123")
    #expect(transfer.seek(to: 5, from: SEEK_SET) != 0)
    #expect(transfer.seek(to: 0, from: SEEK_END) != 0)
    #expect(transfer.seek(to: 0, from: SEEK_SET) == 0)
    #expect(read(transfer, 9) == "1234")
  }

  @Test func `half a token at the end of a cut answer isn't shown either`() throws {
    let token = String(repeating: "t0ken-", count: 7)
    let endpoint = try Endpoint(url: "https://example.net/", token: try Secret(token))
    let limit = HTTPAnswer.excerptLimit + endpoint.longestRedaction
    let transfer = Transfer(file: -1, size: 0, excerptLimit: limit, isCancelled: { false })
    var body = String(repeating: token, count: 60).utf8.map { CChar(bitPattern: $0) }
    #expect(transfer.keep(body: &body, body.count) == body.count)
    let excerpt = transfer.answer(status: 400, redactedBy: endpoint).excerpt
    #expect(excerpt.hasPrefix("(secret)(secret)"))
    #expect(!excerpt.contains("t0"))
  }

  /// What libcurl would get; nil when the reading breaks off.
  private func read(_ transfer: Transfer, _ capacity: Int) -> String? {
    var buffer = [CChar](repeating: 0, count: capacity)
    let count = transfer.read(into: &buffer, capacity)
    guard count != Transfer.readAborted else { return nil }
    return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
