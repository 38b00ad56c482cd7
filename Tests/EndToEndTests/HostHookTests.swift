import Foundation
import Glibc
import TestSupport
import Testing

/// Hooks of installations on hosts run there.
@Suite struct HostHookTests {
  private func hooks(_ before: String, _ after: String) -> String {
    "hooks: { before: [sh, -c, '\(before)'], after: [sh, -c, '\(after)'] }\nrollout: { max_failures: 9 }"
  }

  private func outputs(_ record: [String: Any]?) -> [String] {
    (record?["hooks"] as? [[String: Any]])?.compactMap { $0["output"] as? String } ?? []
  }

  @Test func `hooks run on the host, and are told what they are told here`() throws {
    let host = try HostFleet(
      1,
      extra: hooks(
        "echo $HOME; test -n \"$SSH_CONNECTION\" && echo far",
        "echo $FLOTILLA_STATUS $FLOTILLA_INSTALLATION_PATH"))
    let run = try host.fleet.migrate()
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    let ran = outputs(try host.fleet.records()["i0"])
    #expect(ran == ["\(host.server.home)\nfar\n", "migrated \(host.fleet.path(0))\n"])
  }

  @Test func `a hook before that fails leaves the host's database as it is, and the hook after runs`() throws
  {
    let hosts = try TwoHosts(
      extra: hooks("case $FLOTILLA_INSTALLATION_PATH in *0001*) echo not now; exit 4;; esac", "echo up"))
    let trouble = try hosts.migrate()
    #expect(trouble.status == "failed" && trouble.code == "hook", "\(trouble)")
    #expect(trouble.message.contains("not now"), "\(trouble.message)")
    #expect(outputs(try hosts.fleet.records()["bad"]) == ["not now\n", "up\n"])
    try hosts.expectUntouched()
  }

  @Test func `a hook that says much arrives bounded`() throws {
    let host = try HostFleet(
      1, extra: hooks("head -c 9000000 /dev/zero | tr \"\\\\0\" x; echo the end", "true"))
    let run = try host.fleet.migrate()
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    let said = try #require(outputs(try host.fleet.records()["i0"]).first)
    #expect(said.count <= 4096 && said.hasSuffix("xthe end\n"), "\(said.count)")
  }

  @Test func `what was stopped on a host is started again though the run is killed`() throws {
    let log = try TemporaryFolder()
    let hosts = try TwoHosts(
      slow: 2_000_000_000,
      extra: hooks(
        "echo down >>\(log.path)/$(basename $HOME)-log", "echo up >>\(log.path)/$(basename $HOME)-log"))
    let (started, agent) = try hosts.begin()
    kill(started.process.processIdentifier, SIGKILL)
    _ = try Program.finish(started)
    #expect(waits(20) { !Processes.isAlive(agent) }, "the agent is still there")
    // The agent on the other host ends by itself, and may do so later.
    func count(_ word: String) -> Int {
      let said = (try? String(contentsOfFile: log.file("home-log"), encoding: .utf8)) ?? ""
      return said.split(separator: "\n").count { $0 == word }
    }
    #expect(waits(20) { count("up") == 2 }, "\(count("up")) of 2 were started again")
    #expect(count("down") == 2)
    try hosts.expectOldOrNew()
  }
}
