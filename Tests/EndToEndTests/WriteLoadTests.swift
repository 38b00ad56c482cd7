import Foundation
import TestSupport
import Testing

/// An application that goes on writing while its database is migrated.
@Suite(.serialized) struct WriteLoadTests {
  private struct Result: Decodable {
    let acknowledged: Int
    let refused: [String]
    let longest: Double
  }

  @Test(arguments: [0, 1], ["migrate", "backup"])
  func `no write is lost and none refused beside a busy writer`(number: Int, command: String) throws {
    let fleet = try SmallFleet(2, rows: 3000, extra: "rollout: { busy_timeout: 20s }")
    try fleet.configure(
      "rollout: { busy_timeout: 20s }", installations: "  - { id: busy, path: \"\(fleet.path(number))\" }")
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "python3", "\(Repository.root)/Tests/EndToEndTests/Fixtures/writer.py", fleet.path(number),
    ]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    #expect(!output.fileHandleForReading.availableData.isEmpty, "the writer did not start")
    let run = try fleet.run(
      command == "migrate" ? "migrate" : "backup", command == "migrate" ? "--yes" : "--verbose")
    usleep(100_000)
    try input.fileHandleForWriting.close()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let result = try JSONDecoder().decode(Result.self, from: text)
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(result.refused == [])
    #expect(result.longest < 5)
    #expect(try SmallFleet.versions(fleet.path(number)) == (command == "migrate" ? [1, 2, 3] : [1]))
    #expect(
      try Content.value("SELECT count(*) FROM items", at: fleet.path(number))
        == Int64(3000 + result.acknowledged))
    #expect(
      try Content.value(
        "SELECT count(DISTINCT note) FROM items WHERE note LIKE 'load %'", at: fleet.path(number))
        == Int64(result.acknowledged))
    #expect(try Content.integrity(fleet.path(number)) == "ok")
  }
}
