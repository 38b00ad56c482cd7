import Schedule
import Testing

struct CrontabTests {
  @Test func `the line of a check`() throws {
    try expectGolden(CrontabLine(.shop()).text + "\n", "crontab")
  }

  @Test func `spaces, percent signs, dollars and quotes in paths stay what they are`() throws {
    let line = try CrontabLine(.odd()).text
    #expect(
      line.contains(
        #" '/opt/my 100\% $HOME/flotilla' --fleet '/srv/it'\''s a "shop" 5\% $x/fleet.yml' drift "#))
  }

  @Test func `what no crontab holds is refused`() throws {
    #expect(throws: ScheduleError.self) { try CrontabLine(.shop(fleet: "/srv/a\\b/fleet.yml")) }
    #expect(throws: ScheduleError.self) {
      try CrontabLine(.shop(fleet: "/\(String(repeating: "x", count: 990))/fleet.yml"))
    }
    #expect(throws: ScheduleError.self) { try CrontabLine(.shop(every: "90m")) }
  }

  @Test func `every foreign byte of a crontab stays, and the line is replaced in its place, never doubled`()
    throws
  {
    let (old, new) = (try CrontabLine(.shop()), try CrontabLine(.shop(every: "daily")))
    let similar = "0 1 * * * true # flotilla schedule: flotilla-shop-2"
    let before =
      Array("# mine\n\nMAILTO=ann\n5 4 * * * echo \"a\\%b\"".utf8) + [0xFF, 0x0A] + Array("\(similar)\n".utf8)
    let first = old.installed(in: before)
    #expect(first == before + Array("\(old.text)\n".utf8))
    #expect(old.installed(in: first) == first)
    let more = first + Array("@reboot true\n".utf8)
    let second = new.installed(in: more)
    #expect(second == before + Array("\(new.text)\n@reboot true\n".utf8))
    #expect(CrontabLine.removed("flotilla-shop", from: second) == before + Array("@reboot true\n".utf8))
    #expect(CrontabLine.removed("flotilla-shop", from: before) == nil)
  }

  @Test func `a last line without its break gets one`() throws {
    let line = try CrontabLine(.shop())
    #expect(line.installed(in: Array("@reboot true".utf8)) == Array("@reboot true\n\(line.text)\n".utf8))
    #expect(line.installed(in: []) == Array("\(line.text)\n".utf8))
    #expect(CrontabLine.removed("flotilla-shop", from: Array("\(line.text)\n".utf8)) == [])
  }
}
