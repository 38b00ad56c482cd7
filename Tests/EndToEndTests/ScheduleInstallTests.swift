import Foundation
import TestSupport
import Testing

/// What `schedule --install` puts where, and that `--remove` takes away that and nothing else.
@Suite struct ScheduleInstallTests {
  /// A fleet, and a `systemctl` that notes what it is told and ends with the status in `status`.
  private func fleet() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write(
      "fleet: shop\nmigrations: m\ninstallations:\n  - { id: a, path: a.sqlite }\n", to: "fleet.yml")
    let tool = try folder.write(
      "#!/bin/sh\necho \"$*\" >>\"\(folder.path)/told\"\nread status <\"\(folder.path)/status\"\n"
        + "[ $status = 0 ] || echo 'not booted with systemd' >&2\nexit $status\n", to: "bin/systemctl")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: tool)
    try folder.write("0\n", to: "status")
    return folder
  }

  private func run(_ folder: TemporaryFolder, _ arguments: String...) throws -> ProgramResult {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return try Program.run(
      ["schedule"] + arguments, in: folder.path,
      environment: ["XDG_CONFIG_HOME": folder.file("config"), "PATH": "\(folder.file("bin")):\(path)"])
  }

  private func units(_ folder: TemporaryFolder) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.file("config/systemd/user")).sorted()
  }

  private func text(_ folder: TemporaryFolder, _ name: String) throws -> String {
    try String(contentsOfFile: folder.file(name), encoding: .utf8)
  }

  @Test func `a user's units are installed, replaced and removed, and those beside them stay`() throws {
    let folder = try fleet()
    try folder.write("[Unit]\n", to: "config/systemd/user/mine.service")
    try #require(try run(folder, "--every", "15m", "--user", "--install").status == 0)
    #expect(try units(folder) == ["flotilla-shop.service", "flotilla-shop.timer", "mine.service"])
    #expect(try run(folder, "--every", "daily", "--user", "--install").status == 0)
    #expect(try text(folder, "config/systemd/user/flotilla-shop.timer").contains("OnCalendar=daily\n"))
    try folder.write("", to: "config/systemd/user/timers.target.wants/flotilla-shop.timer")
    #expect(try run(folder, "--user", "--remove").status == 0)
    #expect(try units(folder) == ["mine.service", "timers.target.wants"])
    let enabling = "--user daemon-reload\n--user enable --now flotilla-shop.timer\n"
    #expect(
      try text(folder, "told")
        == enabling + enabling + "--user disable --now flotilla-shop.timer\n--user daemon-reload\n")
    let again = try run(folder, "--user", "--remove")
    #expect(again.status == 0)
    #expect(again.errors.contains("nothing to remove"))
  }

  @Test func `where systemd doesn't run, the files are written, the rest is told, and the status says so`()
    throws
  {
    let folder = try fleet()
    try folder.write("1\n", to: "status")
    let installed = try run(folder, "--every", "15m", "--user", "--install")
    #expect(installed.status == 1)
    #expect(installed.errors.contains("not booted with systemd"))
    #expect(
      installed.errors.contains(
        "  systemctl --user daemon-reload\n  systemctl --user enable --now flotilla-shop.timer"))
    #expect(try units(folder) == ["flotilla-shop.service", "flotilla-shop.timer"])
    #expect(FileManager.default.fileExists(atPath: folder.file(".flotilla")))
    #expect(try run(folder, "--user", "--remove").status == 0)
    #expect(try units(folder) == [])
  }

  @Test func `a unit that another wrote, or for another fleet, is neither replaced nor removed`() throws {
    let folder = try fleet()
    let path = "config/systemd/user/flotilla-shop.timer"
    try folder.write("[Timer]\n", to: path)
    #expect(try run(folder, "--every", "15m", "--user", "--install").status == 1)
    #expect(try run(folder, "--user", "--remove").status == 1)
    #expect(try text(folder, path) == "[Timer]\n")
    #expect(try units(folder) == ["flotilla-shop.timer"])
    try folder.write("# Written by flotilla schedule for \"/other/fleet.yml\".\n", to: path)
    let other = try run(folder, "--every", "15m", "--user", "--install")
    #expect(other.status == 1)
    #expect(other.errors.contains("/other/fleet.yml"))
    #expect(try units(folder) == ["flotilla-shop.timer"])
  }

  @Test(.needs(.mounts))
  func `the system's units are installed and removed`() throws {
    let folder = try fleet()
    let run = try Program.shell(
      """
      unshare -m sh -ec '
      mkdir -p /etc/systemd/system
      mount -t tmpfs tmpfs /etc/systemd/system
      export PATH="$PWD/bin:$PATH"
      "$FLOTILLA" schedule --every 15m --install
      stat -c "%a %n" /etc/systemd/system/*
      "$FLOTILLA" schedule --remove
      ls /etc/systemd/system'
      """, in: folder.path)
    #expect(run.status == 0)
    let system = "/etc/systemd/system/flotilla-shop"
    #expect(run.output == "644 \(system).service\n644 \(system).timer\n")
  }

  /// The folder of the crontabs is another one, for the child only: no crontab of this machine is touched.
  @Test(
    .needs(.cron, .mounts)
  )
  func `the crontab gets the line, keeps every other, and has none twice`() throws {
    let folder = try fleet()
    let foreign = "# mine\nMAILTO=ann\n\n5 4 * * * echo 'a b' \\%x\n@daily true # flotilla schedule: other\n"
    try folder.write(foreign, to: "foreign")
    let run = try Program.shell(
      """
      unshare -m sh -ec '
      mount -t tmpfs tmpfs /var/spool/cron/crontabs
      "$FLOTILLA" schedule --as cron --remove
      "$FLOTILLA" schedule --as cron --every 15m --install
      crontab -l >only; "$FLOTILLA" schedule --as cron --every 15m >printed; cmp only printed
      "$FLOTILLA" schedule --as cron --remove
      ! crontab -l
      crontab foreign
      "$FLOTILLA" schedule --as cron --every 15m --install
      "$FLOTILLA" schedule --as cron --every "Mon 03:00" --install
      crontab -l >both
      "$FLOTILLA" schedule --as cron --remove
      crontab -l >rest'
      """, in: folder.path)
    #expect(run.status == 0)
    #expect(run.errors.contains("nothing to remove"))
    let both = try text(folder, "both")
    #expect(both.hasPrefix(foreign + "0 3 * * 1 { "))
    #expect(both.components(separatedBy: "# flotilla schedule: flotilla-shop\n").count == 2)
    #expect(try text(folder, "rest") == foreign)
  }

  @Test(
    .needs(.cron, .mounts),
    arguments: ["1m", "6h", "daily", "weekly", "Sat 23:59"])
  func `cron takes every interval, with odd paths`(_ every: String) throws {
    let folder = try fleet()
    let fleet = try folder.write(text(folder, "fleet.yml"), to: "\(ScheduleTests.oddName)/fleet.yml")
    let run = try Program.run("--fleet", fleet, "schedule", "--as", "cron", "--every", every, in: folder.path)
    #expect(run.status == 0)
    try folder.write(run.output, to: "crontab")
    let read = try Program.shell(
      "unshare -m sh -ec 'mount -t tmpfs tmpfs /var/spool/cron/crontabs; crontab crontab; crontab -l'",
      in: folder.path)
    #expect(read.output == run.output)
  }

  @Test func `a crontab that can't be read is not replaced`() throws {
    let folder = try fleet()
    let tool = try folder.write(
      "#!/bin/sh\necho \"$*\" >>told\necho 'you are not allowed' >&2\nexit 1\n", to: "bin/crontab")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: tool)
    let run = try run(folder, "--every", "15m", "--as", "cron", "--install")
    #expect(run.status == 1)
    #expect(run.errors.contains("not allowed"))
    #expect(try text(folder, "told") == "-l\n")
  }

  @Test func `the line does what it says: the check runs, its tokens are there, and its status is told`()
    throws
  {
    let folder = try fleet()
    let odd = ScheduleTests.oddName
    try folder.write(
      "fleet: ${FLEET}\nmigrations: m\ninstallations:\n  - { id: a, path: a.sqlite }\n",
      to: "\(odd)/fleet.yml")
    try folder.write("CREATE TABLE t (a);", to: "\(odd)/m/0001_create_t.sql")
    try folder.write("#!/bin/sh\ncat >>logged\n", to: "bin/logger")
    let tool = folder.file("bin/logger")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: tool)
    let printed = try Program.run(
      "--fleet", "\(odd)/fleet.yml", "schedule", "--as", "cron", "--every", "1m", "--command", "status",
      "--name", "n", in: folder.path,
      environment: ["FLEET": "shop", "XDG_CONFIG_HOME": folder.file("config")])
    // As cron reads it: five fields, and the command with "\\%" for "%".
    let line = printed.output.dropFirst("* * * * * ".count)
    let variables = geteuid() == 0 ? "/etc/flotilla/n.env" : folder.file("config/flotilla/n.env")
    try folder.write("FLEET='the shop'\n", to: "n.env")
    let command = line.replacing("\\%", with: "%").replacing(variables, with: folder.file("n.env"))
    try folder.write(String(command), to: "command")
    let run = try Program.shell("env -i PATH=\"$PWD/bin:$PATH\" /bin/sh command", in: folder.path)
    #expect(run.status == 0)
    #expect(run.output + run.errors == "")
    let logged = try text(folder, "logged")
    #expect(logged.contains("the shop: 1 installation"))
    #expect(logged.hasSuffix("exit status 3\n"))
  }
}
