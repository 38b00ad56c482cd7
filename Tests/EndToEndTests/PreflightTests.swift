import Foundation
import TestSupport
import Testing

/// What `plan` says of installations that wouldn't go smoothly.
@Suite struct PreflightTests {
  /// Calls `body` while another process has the databases open.
  private func whileOpen(_ paths: [String], _ body: (Process) throws -> Void) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", "exec 8<\"$0\" 9<\"$1\"; echo; read line"] + paths
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    _ = output.fileHandleForReading.availableData
    defer {
      try? input.fileHandleForWriting.close()
      process.waitUntilExit()
    }
    try body(process)
  }

  @Test func `databases that another process has open are told by a plan in one line, and by the report`()
    throws
  {
    let fleet = try SmallFleet(4)
    try whileOpen([fleet.path(0), fleet.path(1)]) { process in
      let plan = try fleet.run("plan")
      #expect(
        plan.output.contains(
          "\nOpen in other processes: 2 installations (sh); they will wait while each is migrated.\n"),
        "\(plan.output)")
      // They are one cohort with the others.
      #expect(plan.output.contains("  4  version 1"), "\(plan.output)")
      #expect(try !fleet.run("status").output.contains("Open in"))
      #expect(try fleet.migrate().status == 0)
      let records = try fleet.records()
      #expect(records["i0000"]?["open_by"] as? [String] == ["sh (pid \(process.processIdentifier))"])
      #expect(records["i0002"]?["open_by"] as? [String] == [])
    }
    #expect(try !fleet.run("plan").output.contains("Open in"))
  }

  @Test func `a plan with every detail names the SQLite that would do it`() throws {
    let fleet = try SmallFleet(1)
    let words = try fleet.run("plan", "--verbose").output.split(separator: "\n")
    #expect(words.contains { $0.hasPrefix("SQLite 3.") && $0.hasSuffix(" here.") })
    #expect(try !fleet.run("plan").output.contains("SQLite"))
  }
}
