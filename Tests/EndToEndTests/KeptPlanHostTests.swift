import Foundation
import Glibc
import TestSupport
import Testing

/// Plans that are kept, of installations on hosts.
@Suite struct KeptPlanHostTests {
  @Test func `a host's databases are compared there, before the run and under the lock`() throws {
    let host = try HostFleet(
      4,
      extra: """
        rollout: { max_failures: 9 }
        hooks:
          before: [sh, -c, 'case $FLOTILLA_INSTALLATION_PATH in *0002*) sqlite3 "$FLOTILLA_INSTALLATION_PATH" "ALTER TABLE items ADD COLUMN extra";; esac']
        """)
    let made = try host.fleet.run("plan", "--output", "plan.json")
    #expect(made.status == 0, "\(made.output)\(made.errors)")
    let text = try String(contentsOfFile: host.fleet.folder.file("plan.json"), encoding: .utf8)
    #expect(text.contains("\"host\" : \"127.0.0.1\"") && text.contains("\"name\" : \"create_tables\""))
    try SmallFleet.change(
      host.fleet.path(1), "INSERT INTO schema_migrations (version, name) VALUES (2, 'add_age')")
    let run = try host.fleet.migrate("--plan", "plan.json")
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(try host.fleet.versions() == [[1, 2, 3], [1, 2], [1], [1, 2, 3]])
    let records = try host.fleet.records()
    for (id, reason) in [("i1", "it records 2 add_age"), ("i2", "its schema is another one")] {
      let error = try #require(records[id]?["error"] as? [String: Any])
      #expect(error["code"] as? String == "changed", "\(error)")
      #expect((error["message"] as? String)?.hasSuffix(reason) == true, "\(error)")
    }
    #expect(host.backups.count == 2)
    let again = try host.fleet.migrate("--plan", "plan.json")
    #expect(again.output.contains("2 current · 2 failed"), "\(again.output)")
  }

  @Test func `a host that could not be reached is left alone`() throws {
    let hosts = try TwoHosts()
    try hosts.configure(port: 1)
    let made = try hosts.fleet.run("plan", "--output", "plan.json")
    #expect(made.status == 3)
    #expect(made.output.contains("for 2 installations; 1 of them would be left alone"), "\(made.output)")
    try hosts.configure()
    let run = try hosts.fleet.migrate("--plan", "plan.json")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(run.words.contains("1 migrated · 1 left alone"), "\(run.output)")
    try hosts.expectUntouched()
  }

  @Test func `an attempt that was lost with its agent is made again`() throws {
    let hosts = try TwoHosts(slow: 9_000_000, extra: "rollout: { timeout: 5m, max_failures: 9 }")
    #expect(try hosts.fleet.run("plan", "--output", "plan.json").status == 0)
    let (started, agent) = try hosts.begin("--plan", "plan.json")
    kill(agent, SIGKILL)
    let run = try Program.finish(started)
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(try hosts.fleet.versions() == [[1, 2, 3], [1, 2, 3]])
  }

  @Test func `a plan that was interrupted is not written`() throws {
    let hosts = try TwoHosts(command: "exec sleep 60", ssh: "connect_timeout: 3s")
    try hosts.fleet.folder.write("an earlier one", to: "plan.json")
    let started = try Program.start(["plan", "--output", "plan.json"], in: hosts.fleet.folder.path)
    try #require(waits(20) { hosts.bad.logins > 0 })
    kill(started.process.processIdentifier, SIGINT)
    let run = try Program.finish(started)
    #expect(run.status == 130, "\(run.output)\(run.errors)")
    #expect(run.output.contains("Interrupted: plan.json was not written."), "\(run.output)")
    let kept = try String(contentsOfFile: hosts.fleet.folder.file("plan.json"), encoding: .utf8)
    #expect(kept == "an earlier one")
  }

  @Test func `another host under the same id has changed`() throws {
    let hosts = try TwoHosts(extra: "rollout: { max_failures: 9 }")
    #expect(try hosts.fleet.run("plan", "--output", "plan.json").status == 0)
    let text = try String(contentsOfFile: hosts.fleet.folder.file("plan.json"), encoding: .utf8)
    let path = hosts.path
    try hosts.fleet.folder.write(
      text.replacing(path, with: hosts.fleet.folder.file("db/other.sqlite")), to: "plan.json")
    let run = try hosts.fleet.migrate("--plan", "plan.json")
    #expect(run.status == 3)
    #expect(run.words.contains("the inventory now says 127.0.0.1:\(path)"), "\(run.output)")
    try hosts.expectUntouched()
  }
}
