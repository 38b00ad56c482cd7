import Foundation
import SQLite
import TestSupport
import Testing

/// Installations on a host, through a real sshd.
@Suite struct HostTests {
  @Test func `a host's installations are treated as those here are`() throws {
    let host = try HostFleet(4)
    let there = try host.fleet.migrate()
    #expect(there.status == 0, "\(there.output)\(there.errors)")
    #expect(try host.fleet.versions() == Array(repeating: [1, 2, 3], count: 4))
    let records = try host.fleet.records()
    let here = try SmallFleet(4)
    #expect(try here.migrate().status == 0)
    let same = try here.records()
    for number in 0..<4 {
      let (one, other) = (records["i\(number)"], same["i000\(number)"])
      for key in ["status", "version_before", "version_after", "fingerprint", "drift", "pending", "error"] {
        #expect("\(one?[key] ?? "-")" == "\(other?[key] ?? "-")", "\(key)")
      }
      #expect(one?["host"] as? String == "127.0.0.1")
    }
    #expect(host.server.logins == 1)
  }

  @Test func `its backups stay beside the databases, and none is here`() throws {
    let host = try HostFleet(3)
    #expect(try host.fleet.migrate().status == 0)
    #expect(host.backups.count == 3)
    #expect(host.fleet.backups.isEmpty)
    let list = try host.fleet.run("backups")
    #expect(list.output.contains("127.0.0.1:\(host.fleet.folder.path)/db/.flotilla/backups/"))
  }

  @Test func `a second run finds nothing to do and writes nothing`() throws {
    let host = try HostFleet(2)
    #expect(try host.fleet.migrate().status == 0)
    let before = try host.fleet.paths.map { try Content.bytes($0) }
    let run = try host.fleet.migrate()
    #expect(run.status == 0 && run.output.contains("2 current"), "\(run.output)\(run.errors)")
    #expect(try host.fleet.paths.map { try Content.bytes($0) } == before)
  }

  @Test func `status, plan and drift change nothing on a host`() throws {
    let host = try HostFleet(2)
    let before = try host.fleet.paths.map { try Content.bytes($0) }
    #expect(try host.fleet.run("status").status == 0)
    let plan = try host.fleet.run("plan", "--check", "--verbose")
    #expect(plan.status == 5)
    #expect(
      plan.output.contains("SQLite \(libraryVersion) here, \(libraryVersion) on hosts."), "\(plan.output)")
    #expect(try host.fleet.run("drift").status == 0)
    #expect(try host.fleet.paths.map { try Content.bytes($0) } == before)
    #expect(host.backups.isEmpty)
  }

  @Test func `a restore puts a host's backup back`() throws {
    let host = try HostFleet(2)
    let before = try host.fleet.paths.map { try Content.dump($0) }
    #expect(try host.fleet.migrate().status == 0)
    let run = try host.fleet.run("restore", "--run", "last", "--yes")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(try host.fleet.paths.map { try Content.dump($0) } == before)
  }

  @Test func `a fetched backup takes the place of one that is gone from its host`() throws {
    let host = try HostFleet(2, extra: "backup: { fetch: true }")
    let before = try host.fleet.paths.map { try Content.dump($0) }
    #expect(try host.fleet.migrate().status == 0)
    #expect(host.fleet.backups.count == 2)
    try FileManager.default.removeItem(atPath: host.fleet.folder.file(host.backups[0]))
    let run = try host.fleet.run("restore", "--run", "last", "--yes")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(try host.fleet.paths.map { try Content.dump($0) } == before)
  }

  @Test func `the oldest backups go from a host too, with their folders`() throws {
    let host = try HostFleet(1, extra: "backup: { keep: 2 }")
    for _ in 0..<4 { #expect(try host.fleet.run("backup").status == 0) }
    #expect(host.backups.count == 2)
    let folders = try FileManager.default.contentsOfDirectory(
      atPath: host.fleet.folder.file("db/.flotilla/backups"))
    #expect(folders.count == 2)
  }

  @Test func `backups on a host that nobody noted are found, and strange ones are left alone`() throws {
    let host = try HostFleet(2, extra: "backup: { keep: 2 }")
    let fleet = host.fleet
    #expect(try fleet.run("backup").status == 0)
    try SmallFleet.change(fleet.folder.file(".flotilla/state.sqlite"), "DELETE FROM backups")
    #expect(try fleet.run("backups").output == "There are no backups.\n")
    let folder = fleet.folder.file("db/.flotilla/backups")
    let first = try #require(try FileManager.default.contentsOfDirectory(atPath: folder).first)
    let stranger = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    try FileManager.default.copyItem(atPath: "\(folder)/\(first)", toPath: "\(folder)/\(stranger)")
    #expect(try fleet.run("backup", "--only", "i0").status == 0)
    let lines = try fleet.run("backups").output.split(separator: "\n")
    #expect(lines.count == 2 && lines.allSatisfy { $0.contains("  i0  version 1  ") }, "\(lines)")
    #expect(lines.last?.hasPrefix(first) == true, "\(lines)")
    // It counts as any other: the next one pushes it out.
    #expect(try fleet.run("backup").status == 0)
    #expect(try fleet.run("backups").output.split(separator: "\n").count == 4)
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(first)") == ["i1.sqlite"])
    #expect(FileManager.default.fileExists(atPath: "\(folder)/\(stranger)/i0.sqlite"))
  }

  @Test func `an agent that a host doesn't have is sent once`() throws {
    let host = try HostFleet(1, hasAgent: false)
    #expect(host.server.agents.isEmpty)
    let run = try host.fleet.run("status")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    let agents = host.server.agents
    #expect(agents.count == 1 && agents[0].count == 64)
    #expect(try host.fleet.run("status").status == 0)
    #expect(host.server.agents == agents)
  }

  @Test func `agents that nobody used for a week go`() throws {
    let host = try HostFleet(1, hasAgent: false)
    let day = 24 * 3600.0
    for (name, days) in [("a", 8.0), ("b", 6.0)] {
      for ending in ["", ".12.part"] {
        let path = "home/.cache/flotilla/\(String(repeating: name, count: 64))\(ending)"
        try host.server.folder.write("", to: path)
        try FileManager.default.setAttributes(
          [.modificationDate: Date() - days * day], ofItemAtPath: host.server.folder.file(path))
      }
    }
    #expect(try host.fleet.run("status").status == 0)
    let agents = host.server.agents
    #expect(agents.count == 3 && !agents.contains { $0.hasPrefix("aaaa") }, "\(agents)")
  }

  @Test func `a backup from here is not restored over a host's database`() throws {
    let host = try HostFleet(1)
    let fleet = host.fleet
    try fleet.configure("", installations: "  - { id: i0, path: \"\(fleet.path(0))\" }")
    #expect(try fleet.run("backup").status == 0)
    try SmallFleet.change(fleet.path(0), "DELETE FROM items")
    try host.configure()
    let before = try Content.bytes(fleet.path(0))
    let run = try fleet.run("restore", "--run", "last", "--yes")
    #expect(run.status == 1 && run.errors.contains("127.0.0.1:"), "\(run.output)\(run.errors)")
    #expect(try Content.bytes(fleet.path(0)) == before)
  }

  @Test func `a backup is not restored into another database that has the id now`() throws {
    let fleet = try SmallFleet(2)
    try fleet.configure("", installations: "  - { id: far, path: \"\(fleet.path(0))\" }")
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
