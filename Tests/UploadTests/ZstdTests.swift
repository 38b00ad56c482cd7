import Compression
import Foundation
import TestSupport
import Testing

@Suite struct ZstdTests {
  private func compress(_ bytes: [UInt8], size: Int64? = nil, pieces: Int = 70_001) throws -> [UInt8] {
    let compressor = try ZstdCompressor(size: size ?? Int64(bytes.count))
    var made: [UInt8] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      try rest.prefix(pieces).withUnsafeBytes { try compressor.add($0) { made += $0 } }
      rest = rest.dropFirst(pieces)
    }
    try compressor.finish { made += $0 }
    return made
  }

  private func expand(_ bytes: [UInt8], size: Int64, pieces: Int = 70_001) throws -> [UInt8] {
    let expander = try ZstdExpander(size: size)
    var content: [UInt8] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      try rest.prefix(pieces).withUnsafeBytes { try expander.add($0) { content += $0 } }
      rest = rest.dropFirst(pieces)
    }
    try expander.finish()
    return content
  }

  private func announced(_ bytes: [UInt8]) -> Int64? {
    bytes.prefix(ZstdExpander.headerSize).withUnsafeBytes { ZstdExpander.contentSize($0) }
  }

  @Test(arguments: [1, 7, 70_001, 1 << 20])
  func `content comes back, whatever the pieces are`(pieces: Int) throws {
    let text = Array((0..<20_000).map { "line \($0)" }.joined(separator: "\n").utf8)
    let made = try compress(text, pieces: pieces)
    #expect(made.count < text.count / 2 && announced(made) == Int64(text.count))
    #expect(try expand(made, size: Int64(text.count), pieces: pieces) == text)
  }

  @Test func `nothing is a frame, too`() throws {
    let made = try compress([])
    #expect(announced(made) == 0)
    #expect(try expand(made, size: 0).isEmpty)
  }

  @Test func `what is cut off, altered, longer or something else is damaged`() throws {
    let text = Array(String(repeating: "a backup ", count: 500).utf8)
    let whole = try compress(text)
    var altered = whole
    altered[whole.count / 2] ^= 1
    var checksum = whole
    checksum[whole.count - 1] ^= 1
    let longer = [whole + [0], whole + whole]
    for bytes in [[], Array(whole.dropLast()), altered, checksum, Array("SQLite".utf8)] + longer {
      let error = try #require(throws: ZstdError.self) { try expand(bytes, size: Int64(text.count)) }
      #expect(error.code == .damaged)
    }
  }

  @Test func `a bomb is given up at the size that it should have`() throws {
    let bomb = try compress([UInt8](repeating: 0, count: 32 << 20))
    #expect(bomb.count < 16 << 10)
    let expander = try ZstdExpander(size: 1 << 20)
    var count = 0
    let error = try #require(throws: ZstdError.self) {
      try bomb.withUnsafeBytes { try expander.add($0) { count += $0.count } }
    }
    #expect(error.code == .wrongSize && count <= 1 << 20)
  }

  @Test func `less or more than was announced is an error`() throws {
    for size in [Int64(3), 5] {
      let error = try #require(throws: ZstdError.self) { try compress([1, 2, 3, 4], size: size) }
      #expect(error.code == .wrongSize)
    }
    let made = try compress([1, 2, 3, 4])
    #expect(try #require(throws: ZstdError.self) { try expand(made, size: 5) }.code == .wrongSize)
  }

  @Test(.needs(.zstd)) func `what zstd makes is read, and what is made here zstd reads`() throws {
    let folder = try TemporaryFolder()
    let text = (0..<50_000).map { "line \($0)" }.joined(separator: "\n")
    try Data(compress(Array(text.utf8))).write(to: URL(filePath: folder.file("ours.zst")))
    try folder.write(text, to: "theirs")
    try Tool.output(
      of: ["sh", "-c", "cd \(folder.path) && zstd -qd ours.zst && cmp ours theirs && zstd -q19 theirs"])
    let theirs = Array(try Data(contentsOf: URL(filePath: folder.file("theirs.zst"))))
    #expect(try String(decoding: expand(theirs, size: Int64(text.utf8.count)), as: UTF8.self) == text)
  }
}
