import Schedule
import Testing

struct CheckTests {
  @Test(arguments: ["", "-a", ".a", "a/b", "a b", "a@b", "ü", String(repeating: "a", count: 201)])
  func `a name that no unit can have is refused`(_ name: String) {
    #expect(throws: ScheduleError.self) { try ScheduledCheck.shop(name: name) }
  }

  @Test func `a path with a line break is refused`() {
    #expect(throws: ScheduleError.self) { try ScheduledCheck.shop(fleet: "/srv/a\nb/fleet.yml") }
    #expect(throws: ScheduleError.self) { try ScheduledCheck.shop(folders: ["/srv/a\u{1B}"]) }
  }

  @Test(arguments: [
    ("shop", ["drift"], "flotilla-shop"), ("Own Prem/Büro", ["drift"], "flotilla-own-prem-b-ro"),
    ("店", ["drift"], "flotilla"), ("shop", ["report", "--upload"], "flotilla-shop-report"),
  ])
  func `a check is called after its fleet`(_ fleet: String, _ command: [String], _ name: String) {
    #expect(ScheduledCheck.name(fleet: fleet, command: command) == name)
  }

  @Test func `folders within others are left out, and too many become their parents`() {
    #expect(Folders.outermost(["/b/c", "/a", "/a/b", "/ab", "/a/"]) == ["/a", "/ab", "/b/c"])
    #expect(Folders.outermost((0..<40).map { "/srv/shop/\($0)" } + ["/x/y/z/a"]) == ["/srv/shop", "/x/y"])
    #expect(Folders.outermost((0..<40).map { "/top\($0)" }).count == 40)
  }
}
