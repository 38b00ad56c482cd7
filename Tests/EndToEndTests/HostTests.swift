import Foundation
import TestSupport
import Testing

/// An installation on a host, as long as hosts can't be reached: never taken for a file of this machine.
@Suite struct HostTests {
  /// A fleet whose one database here has the path that an installation on a host has there.
  private func fleet(onHost: Bool, _ fleet: SmallFleet) throws {
    let host = onHost ? ", host: far.example.net" : ""
    try fleet.configure("", installations: "  - { id: far, path: \"\(fleet.path(0))\"\(host) }")
  }

  @Test(arguments: [["status"], ["plan"], ["migrate", "--yes"], ["backup"], ["drift"]])
  func `no command looks at the local file of the same path`(command: [String]) throws {
    let fleet = try SmallFleet(1)
    try self.fleet(onHost: true, fleet)
    let before = try Content.bytes(fleet.path(0))
    let run = try Program.run(command, in: fleet.folder.path)
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(run.output.contains("far.example.net"), "\(run.output)")
    #expect(try Content.bytes(fleet.path(0)) == before)
    #expect(fleet.backups.isEmpty)
  }

  @Test func `a backup from here is not restored over it either`() throws {
    let fleet = try SmallFleet(1)
    try self.fleet(onHost: false, fleet)
    #expect(try fleet.run("backup").status == 0)
    try SmallFleet.change(fleet.path(0), "DELETE FROM items")
    try self.fleet(onHost: true, fleet)
    let before = try Content.bytes(fleet.path(0))
    let run = try fleet.run("restore", "--run", "last", "--yes")
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(try Content.bytes(fleet.path(0)) == before)
  }

  @Test func `a backup is not restored into another database that has the id now`() throws {
    let fleet = try SmallFleet(2)
    try self.fleet(onHost: false, fleet)
    #expect(try fleet.run("backup").status == 0)
    try fleet.configure("", installations: "  - { id: far, path: \"\(fleet.path(1))\" }")
    let before = try fleet.paths.map { try Content.bytes($0) }
    let run = try fleet.run("restore", "--run", "last", "--yes")
    #expect(run.status == 1)
    #expect(run.errors.contains(fleet.path(0)) && run.errors.contains(fleet.path(1)))
    #expect(try fleet.paths.map { try Content.bytes($0) } == before)
    #expect(try !fleet.run("history").output.contains("restore"))
  }
}
