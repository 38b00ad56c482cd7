import Foundation
import SQLite
import TestSupport
import Testing

/// An application that goes on writing while its database is migrated.
@Suite(.serialized) struct WriteLoadTests {
  private struct Result: Decodable {
    let acknowledged: Int
    let refused: [String]
    let longest: Double
  }

  /// Does something to one installation while an application writes to it, and says how both fared.
  private func beside(_ fleet: SmallFleet, _ path: String, _ arguments: String...) throws -> (
    ProgramResult, Result
  ) {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "\(Repository.root)/Tests/EndToEndTests/Fixtures/writer.py", path]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    #expect(!output.fileHandleForReading.availableData.isEmpty, "the writer did not start")
    let run = try Program.run(arguments, in: fleet.folder.path)
    let last = try loads(path).last
    #expect(try waits(20) { try loads(path).last != last }, "the application does not write on")
    try input.fileHandleForWriting.close()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let line = text.split(separator: UInt8(ascii: "\n")).last ?? Data()
    return (run, try JSONDecoder().decode(Result.self, from: line))
  }

  private func fleet(_ number: Int, rows: Int = 3000) throws -> (fleet: SmallFleet, path: String) {
    let fleet = try SmallFleet(2, rows: rows)
    let path = fleet.path(number)
    try fleet.configure(
      "rollout: { busy_timeout: 20s }", installations: "  - { id: busy, path: \"\(path)\" }")
    return (fleet, path)
  }

  @Test(arguments: [0, 1], ["migrate", "backup"])
  func `no write is lost and none refused beside a busy writer`(number: Int, command: String) throws {
    let (fleet, path) = try fleet(number)
    let agreed = command == "migrate" ? "--yes" : "--verbose"
    let (run, result) = try beside(fleet, path, command, agreed)
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(result.refused == [])
    #expect(result.longest < 5)
    #expect(try SmallFleet.versions(path) == (command == "migrate" ? [1, 2, 3] : [1]))
    let count = Int64(result.acknowledged)
    #expect(try Content.value("SELECT count(*) FROM items", at: path) == 3000 + count)
    #expect(
      try Content.value("SELECT count(DISTINCT note) FROM items WHERE note LIKE 'load %'", at: path) == count)
    #expect(try Content.integrity(path) == "ok")
  }

  /// The numbers of the rows that the writer wrote and that are there.
  private func loads(_ path: String) throws -> [Int64] {
    let database = try Connection(path: path, access: .readWrite)
    defer { database.close() }
    return try database.rows("SELECT substr(note, 6) + 0 FROM items WHERE note LIKE 'load %' ORDER BY id") {
      $0.int(0)
    }
  }

  @Test(arguments: [0, 1])
  func `a restore beside a busy writer is whole, and no row is neither in it nor in what was saved`(
    number: Int
  ) throws {
    let (fleet, path) = try fleet(number, rows: 100_000)
    #expect(try fleet.migrate().status == 0)
    let (run, result) = try beside(fleet, path, "restore", "--run", "last", "--yes")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(result.refused == [])
    #expect(result.longest < 5)
    #expect(try SmallFleet.versions(path) == [1])
    #expect(try Content.value("SELECT count(*) FROM items WHERE note LIKE 'note %'", at: path) == 100_000)
    #expect(try Content.integrity(path) == "ok")
    #expect(try Content.mode(path) == Content.mode(fleet.template(number)))
    // Every row that the writer was told is committed: up to the copy in what was saved, from then on in the database.
    let saved = fleet.folder.file(try #require(fleet.backups.max()))
    #expect(try loads(saved) + loads(path) == Array(0..<Int64(result.acknowledged)))
    #expect(try Content.integrity(saved) == "ok")
  }
}
