import Foundation
import Glibc
import TestSupport
import Testing

/// What dies or hangs in the middle of a migration: the database is at its old or its new version, the other host is
/// done, and the next run does the rest.
@Suite(.serialized) struct HostTroubleTests {
  /// About five seconds of work.
  private static let slow = 15_000_000
  private static let patient = "rollout: { timeout: 5m, max_failures: 9 }"

  @Test func `an agent that stops is given up, and what it left is finished by the next run`() throws {
    let hosts = try TwoHosts(slow: Self.slow, extra: "rollout: { timeout: 6s, max_failures: 9 }")
    let start = ContinuousClock.now
    let (started, agent) = try hosts.begin()
    kill(agent, SIGSTOP)
    defer { kill(agent, SIGCONT) }
    let trouble = try hosts.trouble(Program.finish(started), since: start, within: .seconds(45))
    #expect(trouble.status == "unreachable" && trouble.code == "connection_lost", "\(trouble)")
    #expect(trouble.message.contains("no sign of life"), "\(trouble.message)")
    #expect(trouble.run.output.contains("its old version or its new one"), "\(trouble.run.output)")
    kill(agent, SIGCONT)
    #expect(waits(20) { !Processes.isAlive(agent) }, "the agent is still there")
    try hosts.expectOldOrNew()
    try hosts.expectFinish(extra: Self.patient)
  }

  @Test func `an agent that is killed is replaced, and the run finishes the job`() throws {
    let hosts = try TwoHosts(slow: Self.slow, extra: Self.patient)
    let (started, agent) = try hosts.begin()
    kill(agent, SIGKILL)
    let run = try Program.finish(started)
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(try hosts.fleet.versions() == [[1, 2, 3], [1, 2, 3]])
    #expect(hosts.bad.logins == 2)
  }

  @Test func `an agent that is killed whenever it works leaves its database at the old version`() throws {
    let hosts = try TwoHosts(slow: Self.slow, extra: Self.patient)
    let start = ContinuousClock.now
    let (started, first) = try hosts.begin()
    kill(first, SIGKILL)
    var second: pid_t?
    let isWriting = waits(20) {
      second = Processes.writer(to: hosts.path).flatMap { $0 != first && hosts.isAgent($0) ? $0 : nil }
      return second != nil
    }
    try #require(isWriting, "no second agent writes")
    kill(try #require(second), SIGKILL)
    let trouble = try hosts.trouble(Program.finish(started), since: start, within: .seconds(60))
    #expect(trouble.status == "unreachable" && trouble.code == "connection_lost", "\(trouble)")
    try hosts.expectOldOrNew()
    try hosts.expectFinish(extra: Self.patient)
  }

  @Test func `a session whose sshd is killed is begun anew, and its agent ends by itself`() throws {
    let hosts = try TwoHosts(slow: Self.slow, extra: Self.patient)
    let (started, agent) = try hosts.begin()
    let session = Processes.parent(agent)
    #expect(Processes.words(session)[0].hasPrefix("sshd"), "\(Processes.words(session))")
    kill(session, SIGKILL)
    #expect(waits(15) { !Processes.isAlive(agent) }, "the agent is still there")
    let run = try Program.finish(started)
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(try hosts.fleet.versions() == [[1, 2, 3], [1, 2, 3]])
    #expect(try Content.integrity(hosts.path) == "ok")
  }

  @Test func `a host that goes away for good is not reached any more`() throws {
    let hosts = try TwoHosts(slow: Self.slow, extra: Self.patient)
    let start = ContinuousClock.now
    let (started, agent) = try hosts.begin()
    hosts.bad.stop()
    kill(Processes.parent(agent), SIGKILL)
    let trouble = try hosts.trouble(Program.finish(started), since: start, within: .seconds(60))
    #expect(trouble.status == "unreachable", "\(trouble)")
    #expect(["unreachable", "connection_lost"].contains(trouble.code), "\(trouble)")
    #expect(waits(15) { !Processes.isAlive(agent) }, "the agent is still there")
    try hosts.expectOldOrNew()
  }

  @Test func `agents end by themselves when the run is killed`() throws {
    let hosts = try TwoHosts(slow: Self.slow, extra: Self.patient)
    let (started, agent) = try hosts.begin()
    kill(started.process.processIdentifier, SIGKILL)
    _ = try Program.finish(started)
    #expect(waits(15) { !Processes.isAlive(agent) }, "the agent is still there")
    #expect(waits(10) { Processes.all(naming: hosts.fleet.folder.file("ssh_config")).isEmpty })
    try hosts.expectOldOrNew()
    try hosts.expectFinish(extra: Self.patient)
  }

  @Test func `a backup that a killed run left on a host is found by the next one`() throws {
    let hosts = try TwoHosts(slow: Self.slow, extra: Self.patient)
    let (started, agent) = try hosts.begin()
    kill(started.process.processIdentifier, SIGKILL)
    _ = try Program.finish(started)
    #expect(waits(15) { !Processes.isAlive(agent) }, "the agent is still there")
    let count = {
      try hosts.fleet.run("backups").output.split(separator: "\n").count { $0.contains("  bad ") }
    }
    #expect(try count() == 0)
    let before = try Content.dump(hosts.path)
    try hosts.expectFinish(extra: Self.patient)
    #expect(try count() == 2)
    let id = try #require(
      try hosts.fleet.run("history").output.split(separator: "\n").first { $0.contains("did not end") }
    ).prefix { $0 != " " }
    let restored = try hosts.fleet.run("restore", "--run", String(id), "--only", "bad", "--yes")
    #expect(restored.status == 0, "\(restored.output)\(restored.errors)")
    #expect(try Content.dump(hosts.path) == before)
  }

  @Test func `a run that is interrupted waits for what has begun on hosts`() throws {
    let hosts = try TwoHosts(slow: Self.slow / 2, extra: Self.patient)
    let (started, _) = try hosts.begin()
    kill(-started.process.processIdentifier, SIGINT)
    let run = try Program.finish(started)
    #expect(run.status == 130, "\(run.output)\(run.errors)")
    #expect(try SmallFleet.versions(hosts.path) == [1, 2, 3])
  }

  @Test func `an upgrade that takes too long on a host is rolled back there, whatever the limit`() throws {
    let hosts = try TwoHosts(slow: 3_000_000_000, extra: "rollout: { timeout: 1s, max_failures: 9 }")
    let trouble = try hosts.migrate()
    #expect(trouble.status == "failed" && trouble.code == "timeout", "\(trouble)")
    try hosts.expectUntouched()
  }
}
