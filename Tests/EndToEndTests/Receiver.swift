import Foundation
import TestSupport

/// A real HTTP server that keeps what it is sent; it ends when its standard input does.
final class Receiver {
  let folder: TemporaryFolder
  let url: String
  private let process = Process()
  private let input = Pipe()

  init() throws {
    folder = try TemporaryFolder()
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "python3", "\(Repository.root)/Tests/UploadTests/Fixtures/receiver.py", folder.path,
    ]
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    var line = ""
    while !line.contains("\n") {
      let more = output.fileHandleForReading.availableData
      guard !more.isEmpty else { throw SupportError("the receiver did not start") }
      line += String(decoding: more, as: UTF8.self)
    }
    url = "http://127.0.0.1:\(line.prefix { $0.isNumber })"
  }

  deinit {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// The ids that came, in the order in which they came first.
  func ids() throws -> [String] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    let dated = try names.map { name in
      (
        name,
        try FileManager.default.attributesOfItem(atPath: folder.file(name))[.modificationDate] as? Date
      )
    }
    return dated.sorted { ($0.1 ?? .distantPast) < ($1.1 ?? .distantPast) }.map { String($0.0.dropLast(6)) }
  }

  func requests(_ id: String) throws -> [[String: Any]] {
    let text = try String(contentsOfFile: folder.file("\(id).jsonl"), encoding: .utf8)
    return try text.split(separator: "\n").compactMap {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }
  }
}
