import Compression
import Foundation
import TestSupport
import Testing

@Suite struct GzipTests {
  @Test func `a bomb is given up at the limit`() throws {
    let bomb = try GzipCompressor.compress([UInt8](repeating: 0, count: 32 << 20))
    #expect(bomb.count < 64 << 10)
    let error = try #require(throws: GzipError.self) { try GzipExpander.expand(bomb, limit: 1 << 20) }
    #expect(error.code == .tooLarge)
    #expect(try GzipExpander.expand(bomb, limit: 32 << 20).count == 32 << 20)
  }

  @Test func `what is cut off, altered, longer or something else is damaged`() throws {
    let whole = try GzipCompressor.compress(Array("a report".utf8))
    var altered = whole
    altered[whole.count - 6] ^= 1
    for bytes in [[], Array(whole.dropLast()), altered, whole + [0], whole + whole, Array("{}".utf8)] {
      let error = try #require(throws: GzipError.self) { try GzipExpander.expand(bytes, limit: 1000) }
      #expect(error.code == .damaged)
    }
  }

  @Test func `what gzip makes is read, and what is made here gzip reads`() throws {
    let folder = try TemporaryFolder()
    let text = (0..<50_000).map { "line \($0)" }.joined(separator: "\n")
    let compressor = try GzipCompressor()
    var made: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      made += try compressor.add(rest.prefix(70_001))
      rest = rest.dropFirst(70_001)
    }
    made += try compressor.finish()
    try Data(made).write(to: URL(filePath: folder.file("ours.gz")))
    try folder.write(text, to: "theirs")
    try Tool.output(
      of: ["sh", "-c", "cd \(folder.path) && gunzip ours.gz && cmp ours theirs && gzip theirs"])
    let theirs = Array(try Data(contentsOf: URL(filePath: folder.file("theirs.gz"))))
    #expect(try GzipExpander.expand(theirs, limit: 1 << 20) == Array(text.utf8))
  }
}
