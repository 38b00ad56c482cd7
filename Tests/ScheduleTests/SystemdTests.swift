import Schedule
import Testing

struct SystemdTests {
  @Test func `the units of the system`() throws {
    let units = try SystemdUnits(.shop(), isUser: false)
    try expectGolden(units.service, "system.service")
    try expectGolden(units.timer, "system.timer")
  }

  @Test func `the units of a user ask for nothing that a user's manager can't do`() throws {
    let units = try SystemdUnits(.shop(every: "Mon 03:00", environmentFile: nil), isUser: true)
    try expectGolden(units.service, "user.service")
    try expectGolden(units.timer, "user.timer")
    for word in ["Protect", "Private", "ReadWritePaths", "CapabilityBoundingSet", "network-online"] {
      #expect(!units.service.contains(word))
    }
  }

  @Test func `spaces, percent signs, dollars and quotes in paths stay what they are`() throws {
    let service = try SystemdUnits(.odd(), isUser: false).service
    #expect(
      service.contains(
        #"ExecStart=:"/opt/my 100%% $HOME/flotilla" --fleet "/srv/it's a \"shop\" 5%% $x/fleet.yml" drift"#))
    #expect(service.contains(#"ReadWritePaths="/srv/it's a \"shop\" 5%% $x/.flotilla" \"#))
  }

  @Test func `a program that systemd can't start is refused`() throws {
    for path in ["/opt/it's/flotilla", "/opt/\"x\"/flotilla", "/opt/a\\b/flotilla"] {
      #expect(throws: ScheduleError.self) { try SystemdUnits(.shop(program: path), isUser: false) }
    }
  }

  @Test(arguments: ["/home/ann/db", "/root", "/run/user/1000/db", "/home"])
  func `a database in a home stays writable for SQLite`(_ folder: String) throws {
    let service = try SystemdUnits(.shop(folders: [folder]), isUser: false).service
    #expect(service.contains("\nProtectHome=no\n"))
    #expect(service.contains("-\(folder)\n"))
  }

  @Test func `what is only beside a home, or a folder with a similar name, isn't in one`() throws {
    let service = try SystemdUnits(.shop(folders: ["/homes/db", "/rooted"]), isUser: false).service
    #expect(service.contains("\nProtectHome=read-only\n"))
  }

  @Test func `the service sees the real temporary folder where something it needs is in there`() throws {
    let there = try SystemdUnits(.shop(fleet: "/tmp/fleet/fleet.yml"), isUser: false).service
    #expect(there.contains("\nPrivateTmp=no\n"))
    #expect(try SystemdUnits(.shop(), isUser: false).service.contains("\nPrivateTmp=yes\n"))
  }

  @Test func `an interval that no clock shows evenly runs from one check to the next`() throws {
    let timer = try SystemdUnits(.shop(every: "90m"), isUser: false).timer
    #expect(timer.contains("\nOnUnitActiveSec=5400\n"))
    #expect(!timer.contains("OnCalendar"))
  }

  @Test(arguments: [
    ("1m", 6, 6, 600), ("15m", 90, 60, 900), ("daily", 900, 60, 21_600), ("weekly", 900, 60, 21_600),
  ])
  func `delay and time limit follow the interval`(
    _ every: String, _ delay: Int, _ accuracy: Int, _ limit: Int
  ) throws {
    let units = try SystemdUnits(.shop(every: every), isUser: false)
    #expect(units.timer.contains("\nRandomizedDelaySec=\(delay)\nAccuracySec=\(accuracy)\n"))
    #expect(units.service.contains("\nTimeoutStartSec=\(limit)\n"))
  }
}
