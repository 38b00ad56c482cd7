import Schedule
import TestSupport
import Testing

extension ScheduledCheck {
  /// The check of a shop's fleet, changed by `body`.
  static func shop(
    every: String = "15m", name: String = "flotilla-shop", program: String = "/usr/local/bin/flotilla",
    command: [String] = ["drift", "--upload"], fleet: String = "/srv/shop/fleet.yml",
    state: String = "/srv/shop/.flotilla", folders: [String] = ["/srv/shop/stores", "/var/lib/shop"],
    environmentFile: String? = "/etc/flotilla/flotilla-shop.env"
  ) throws -> ScheduledCheck {
    try ScheduledCheck(
      name: name, fleet: "shop", recurrence: Recurrence(every), program: program, command: command,
      files: Files(fleet: fleet, migrations: "/srv/shop/migrations", baseline: "/srv/shop/baseline.sql"),
      state: state, folders: folders, environmentFile: environmentFile)
  }

  /// With a space, a `%`, a `$` and both quotes.
  static func odd() throws -> ScheduledCheck {
    try shop(
      program: "/opt/my 100% $HOME/flotilla", fleet: "/srv/it's a \"shop\" 5% $x/fleet.yml",
      state: "/srv/it's a \"shop\" 5% $x/.flotilla", folders: ["/srv/it's a \"shop\" 5% $x/db"])
  }
}

/// Compares with a file in Fixtures.
func expectGolden(_ text: String, _ name: String, _ location: SourceLocation = #_sourceLocation) throws {
  let expected = try Repository.text("Tests/ScheduleTests/Fixtures/\(name)")
  #expect(text == expected, sourceLocation: location)
}
