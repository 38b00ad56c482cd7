import Basics
import Migrations
import Schema
import Testing
import Upgrade

@testable import Fleet

@Suite struct InventoryFileTests {
  static let sample = """
    fleet: ownprem
    migrations: migrations
    baseline: baseline.sql
    schema: schema.sql
    state: .flotilla                     # journal, backups, reports, outbox; mode 0700

    defaults: { groups: [stores] }
    installations:
      - { id: hq, path: demo/hq.sqlite, groups: [canary] }
      - { files: demo/stores/*.sqlite }
      - { id: berlin, host: berlin.example.net, user: ownprem, path: /var/lib/ownprem/db.sqlite, labels: { region: eu } }
      - { from: ./hosts.sh }
      - { from: hosts.ini }

    rollout: { waves: [canary, 10%, 100%], concurrency: 8, per_host: 1, max_failures: 0, timeout: 10m, busy_timeout: 30s }
    backup:  { keep: 3, check: full }                        # full | quick | none
    hooks:   { before: [systemctl, stop, ownprem-orchestrator], after: [systemctl, start, ownprem-orchestrator] }
    report:  { url: https://collector.example.net/fleet, token: ${FLOTILLA_REPORT_TOKEN}, secret: ${FLOTILLA_REPORT_SECRET} }
    drift:   { ignore: [table store_*] }
    """

  static let environment = ["FLOTILLA_REPORT_TOKEN": "s3cret-token", "FLOTILLA_REPORT_SECRET": "s3cret-key"]

  func sampleFile() throws -> FleetFile {
    try FleetFile.parse(
      Self.sample, file: "fleet.yml", folder: "/srv/fleet", environment: Self.environment)
  }

  @Test func `how hosts are reached is read, with its defaults`() throws {
    let file = try fleetFile(
      "ssh: { host_key: accept-new, agent: /a, connect_timeout: 3s, options: [-4] }\nbackup: { fetch: true }\n"
    )
    let ssh = FleetFile.SSH(
      hostKey: .acceptNew, agent: "/a", connectTimeout: .seconds(3), options: ["-4"])
    #expect(file.ssh == ssh)
    #expect(file.backup.fetch)
    #expect(try fleetFile("ssh: {}\n").ssh == FleetFile.SSH())
    for folder in ["/opt/a b", "~/agents"] {
      #expect(try fleetFile("ssh: { agent_folder: \(folder) }\n").ssh.agentFolder == folder)
    }
    for wrong in [
      "host_key: no", "agent: a", "connect_timeout: 10ms", "option: [-4]", "agent_folder: agents",
      "agent_folder: ~root/x", "agent: /a, agent_folder: /b",
    ] {
      #expect(throws: InventoryErrors.self) { try fleetFile("ssh: { \(wrong) }\n") }
    }
  }

  @Test func `the program of a hook is a name, or a path that starts from the file's folder`() throws {
    let file = try fleetFile(
      "hooks: { before: [./stop.sh, ./x], after: [/bin/y] }\nrollout: { network_file_systems: true }\n")
    #expect(file.hooks.before == ["\(file.folder)/stop.sh", "./x"])
    #expect(file.hooks.after == ["/bin/y"])
    #expect(file.rollout.networkFileSystems)
    #expect(try !fleetFile("").rollout.networkFileSystems)
  }

  @Test func `secrets appear in no description`() throws {
    let file = try fleetFile(
      "report: { url: 'https://u:pw@x.example/hook/pw?k=pw', token: pw, secret: [pw, pw], notify: https://x/pw }\n"
    )
    var dumped = ""
    dump(file, to: &dumped)
    for text in [dumped, "\(file)", String(reflecting: file), "\(file.report)"] {
      #expect(!text.contains("pw"))
    }
    #expect(file.report.description == "report by POST to https://x.example")
    #expect(file.report.token?.revealedValue == "pw")
    #expect(file.report.secrets.count == 2)
    #expect("\(Secret(unchecked: "pw"))" == "(secret)")
  }

  @Test func `the sample of the manual is read`() throws {
    let file = try sampleFile()
    #expect(file.name == "ownprem")
    #expect(file.migrations.path == "/srv/fleet/migrations")
    #expect(file.baseline == "/srv/fleet/baseline.sql")
    #expect(file.schema == "/srv/fleet/schema.sql")
    #expect(file.state == "/srv/fleet/.flotilla")
    #expect(file.defaults.groups == ["stores"])
    #expect(file.entries.count == 5)
    #expect(file.entries[0].source == .one(.init(id: "hq", path: "/srv/fleet/demo/hq.sqlite")))
    let pattern = try FilePattern("/srv/fleet/demo/stores/*.sqlite")
    #expect(
      file.entries[1].source
        == .files(.init(pattern: pattern, written: "demo/stores/*.sqlite", id: .name)))
    #expect(file.entries[2].labels == ["region": "eu"])
    #expect(file.entries[3].source == .hosts(path: "/srv/fleet/hosts.sh", written: "./hosts.sh"))
    #expect(file.entries[4].location == InventoryLocation(file: "fleet.yml", line: 13))
    #expect(file.rollout.waves.items.map(\.description) == ["canary", "10%", "100%"])
    #expect(file.hooks.before == ["systemctl", "stop", "ownprem-orchestrator"])
    #expect(file.report.url == "https://collector.example.net/fleet")
    #expect(file.report.token == Secret(unchecked: "s3cret-token"))
    #expect(file.report.secrets == [Secret(unchecked: "s3cret-key")])
    #expect(file.drift.ignore.map(\.description) == ["table store_*"])
  }

  @Test func `what is left out has its default`() throws {
    let file = try fleetFile("defaults:\nrollout: ~\n")
    #expect(file.state == "/fleet/.flotilla")
    #expect(file.baseline == nil)
    #expect(file.rollout.waves == .one)
    #expect(file.rollout.concurrency == 8)
    #expect(file.rollout.perHost == 1)
    #expect(file.rollout.maxFailures == .count(0))
    #expect(file.rollout.timeout == .seconds(600))
    #expect(file.rollout.busyTimeout == .seconds(30) && file.rollout.maxLock == nil)
    #expect(file.backup == .init(keep: 3, check: .full, compress: .none, fetch: false))
    #expect(file.report == .init())
  }

  @Test func `values are read in their units`() throws {
    let text =
      "rollout: { timeout: 2h, max_lock: 5s, busy_timeout: 250ms, max_failures: 2.5%, concurrency: '16' }\nbackup: { keep: 10, check: none, compress: zstd }\n"
    let file = try fleetFile(text)
    #expect(file.rollout.timeout == .seconds(7_200))
    #expect(file.rollout.busyTimeout == .milliseconds(250) && file.rollout.maxLock == .seconds(5))
    #expect(file.rollout.maxFailures.description == "2.5%")
    #expect(file.rollout.concurrency == 16)
    #expect(file.backup.check == .none && file.backup.compress == .zstd)
  }

  @Test func `a variable is replaced wherever a value stands, and its value is not read as YAML`() throws {
    let file = try fleetFile(
      "state: ${HOME}/x # ${UNSET} in a comment\nhooks: { before: [sh, -c, 'echo $${HOME} $1 $$ ${ODD}'] }\n",
      environment: ["HOME": "/home/ä", "ODD": "a: [b] # ${HOME}"])
    #expect(file.state == "/home/ä/x")
    #expect(file.hooks.before == ["sh", "-c", "echo ${HOME} $1 $$ a: [b] # ${HOME}"])
  }

  @Test func `anchors and aliases are followed`() throws {
    let file = try fleetFile("hooks: { before: &stop [systemctl, stop, x], after: *stop }\n")
    #expect(file.hooks.after == ["systemctl", "stop", "x"])
  }
}
