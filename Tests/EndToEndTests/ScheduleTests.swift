import Foundation
import TestSupport
import Testing

extension Prerequisite {
  static let systemd = proof(
    "test -x \(ScheduleTests.manager)",
    "systemd is missing: `make test` installs it, or run `scripts/setup systemd`")
  static let cron = proof(
    "command -v crontab && test -d /var/spool/cron/crontabs",
    "cron is missing: `make test` installs it, or run `scripts/setup cron`")
  static let kubernetesValidator = packages("kubernetes_validate")
}

/// What `schedule` prints, given to those who have to read it: systemd, cron, and the schema of Kubernetes.
@Suite struct ScheduleTests {
  static let manager = "/lib/systemd/systemd"
  static let python = "PYTHONPATH='\(Repository.packages)' python3 -m kubernetes_validate"

  static let oddName = "it's a \"shop\" 5% $HOME"

  /// A fleet in a folder of this name, and a copy of the program in one that is nearly as odd.
  private func fleet(_ name: String, extra: String = "") throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write("", to: "\(name)/db/one.sqlite")
    try folder.write(
      """
      fleet: shop
      migrations: migrations
      installations:
        - { files: db/*.sqlite }
        - { id: hq, path: /var/lib/flotilla-test/hq.sqlite }
      \(extra)

      """, to: "\(name)/fleet.yml")
    return folder
  }

  /// The two units of what is printed, as files.
  private func divide(_ text: String, into folder: TemporaryFolder) throws -> String {
    let parts = text.components(separatedBy: "# /etc/systemd/system/").dropFirst()
    let others = text.components(separatedBy: "/systemd/user/").dropFirst()
    let units = parts.isEmpty ? others : parts
    try #require(units.count == 2)
    return try units.map { unit in
      let name = String(unit.prefix { $0 != "\n" })
      return "'\(try folder.write(String(unit.dropFirst(name.count + 1)), to: name))'"
    }.joined(separator: " ")
  }

  @Test(
    .needs(.systemdAnalyze),
    arguments: ["plain", oddName], ["15m", "90m", "Mon 03:00"])
  func `systemd takes the units, of the system and of a user, without a word`(_ name: String, _ every: String)
    throws
  {
    let folder = try fleet(name)
    let program = try folder.write("", to: "my 100% $HOME/flotilla")
    try FileManager.default.removeItem(atPath: program)
    // By another process: one that is started meanwhile would inherit the open file and keep it busy.
    _ = try Program.finish(Program.start([Program.path, program], in: "/", executable: "/bin/cp"))
    try folder.write("", to: "run/x")
    for user in ["", "--user"] {
      let arguments = ["schedule", "--every", every] + (user.isEmpty ? [] : [user])
      let printed = try Program.finish(
        Program.start(
          arguments, in: folder.file(name), environment: ["HOME": folder.path], executable: program))
      #expect(printed.status == 0)
      let files = try divide(printed.output, into: folder)
      let verified = try Program.shell(
        "XDG_RUNTIME_DIR=\"$PWD/run\" systemd-analyze \(user) verify \(files)", in: folder.path)
      #expect(verified.status == 0)
      #expect(verified.errors == "")
    }
  }

  /// `systemd --test` loads units, prints what it made of them, and starts nothing. It refuses to do so for root.
  @Test(
    .needs(.systemd, .program("setpriv", package: "util-linux")), arguments: [oddName, #"back\slash"#])
  func `systemd reads the paths back as they are`(_ name: String) throws {
    let folder = try fleet(name)
    let printed = try Program.run("schedule", "--every", "15m", in: folder.file(name))
    #expect(printed.status == 0)
    _ = try divide(printed.output, into: folder)
    // Without what a booted machine has.
    let service = try String(contentsOfFile: folder.file("flotilla-shop.service"), encoding: .utf8)
    try folder.write(
      service.replacing("[Service]", with: "DefaultDependencies=no\n\n[Service]"),
      to: "units/flotilla-shop.service")
    let user = geteuid() == 0 ? "setpriv --reuid 65534 --regid 65534 --clear-groups" : ""
    let run = try Program.shell(
      """
      chmod -R a+rX .
      HOME=/ SYSTEMD_UNIT_PATH="$PWD/units" \(user) \(Self.manager) --test --system --unit=flotilla-shop.service 2>&1
      """, in: folder.path)
    let place = folder.file(name)
    #expect(
      run.output.contains("\tReadWritePaths: \(place)/.flotilla -\(place)/db -/var/lib/flotilla-test\n"))
    // The dump quotes words as a shell would.
    let quoted = place.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("$", with: "\\$")
    #expect(
      run.output.contains(
        "\tCommand Line: \(URL(filePath: Program.path).resolvingSymlinksInPath().path) --fleet \"\(quoted)/fleet.yml\" drift\n"
      ))
    #expect(run.output.contains("\tEnvironmentFile: -/etc/flotilla/flotilla-shop.env\n"))
  }

  @Test(
    .needs(.systemdAnalyze),
    arguments: [
      ("1m", "*-*-* *:*:00"), ("15m", "*-*-* *:00/15:00"), ("hourly", "*-*-* *:00:00"),
      ("6h", "*-*-* 00/6:00:00"),
      ("daily", "*-*-* 00:00:00"), ("weekly", "Mon *-*-* 00:00:00"), ("03:05", "*-*-* 03:05:00"),
      ("sun 3:00", "Sun *-*-* 03:00:00"),
    ])
  func `systemd reads the times as they are meant`(_ every: String, _ meaning: String) throws {
    let folder = try fleet("shop")
    let run = try Program.run("schedule", "--every", every, in: folder.file("shop"))
    let line = try #require(run.output.split(separator: "\n").first { $0.hasPrefix("OnCalendar=") })
    let read = try Program.shell("systemd-analyze calendar '\(line.dropFirst(11))'", in: folder.path)
    #expect(read.status == 0)
    #expect(read.output.contains("Normalized form: \(meaning)\n"))
  }

  @Test(.needs(.kubernetesValidator), arguments: ["plain", oddName])
  func `the CronJob keeps to the schema, which a misspelt one doesn't`(_ name: String) throws {
    let folder = try fleet(name)
    let run = try Program.run(
      "--only", "hq:!*", "schedule", "--every", "Mon 03:00", "--as", "kubernetes", "--image",
      "registry:5000/f@sha256:0",
      in: folder.file(name))
    #expect(run.status == 0)
    try folder.write(run.output, to: "good.yml")
    try folder.write(run.output.replacing("backoffLimit", with: "backofLimit"), to: "bad.yml")
    let good = try Program.shell("\(Self.python) --strict good.yml 2>&1", in: folder.path)
    #expect(good.status == 0)
    #expect(good.output.contains("passed for resource cronjob/flotilla-shop"))
    #expect(good.output.contains("passed for resource persistentvolumeclaim/flotilla-shop-state"))
    let bad = try Program.shell("\(Self.python) --strict bad.yml 2>&1", in: folder.path)
    #expect(bad.status != 0)
    #expect(bad.output.contains("backofLimit"))
  }

  @Test func `no token is ever printed`() throws {
    let folder = try fleet("shop", extra: "report: { url: 'https://u:hidden@x.example/', token: '${TOKEN}' }")
    for scheduler in [["systemd"], ["cron"], ["kubernetes", "--image", "x"]] {
      let run = try Program.run(
        ["schedule", "--every", "daily", "--as"] + scheduler, in: folder.file("shop"),
        environment: ["TOKEN": "hidden-token"])
      #expect(run.status == 0)
      #expect(run.output.contains("drift"))
      #expect(run.output.contains("--upload"))
      #expect(!(run.output + run.errors).contains("hidden"))
    }
  }

  @Test(arguments: [
    [], ["--every", "7x"], ["--every", "15m", "--install", "--remove"], ["--every", "15m", "--name", "a/b"],
    ["--every", "15m", "--command", "migrate --yes"], ["--every", "15m", "--command", ""],
    ["--every", "15m", "--as", "kubernetes"], ["--every", "15m", "--image", "x"],
    ["--every", "15m", "--as", "cron", "--user"],
    ["--every", "15m", "--as", "kubernetes", "--image", "x", "--install"],
  ])
  func `what doesn't go together is wrong usage`(_ arguments: [String]) throws {
    let folder = try fleet("shop")
    let run = try Program.run(["schedule"] + arguments, in: folder.file("shop"))
    #expect(run.status == 64)
    #expect(run.output == "")
    if arguments.contains("--install"), arguments.contains("kubernetes") {
      #expect(run.errors.contains("kubectl apply -f -"))
    }
  }
}
