import Schedule
import Testing

struct KubernetesTests {
  @Test func `the CronJob of a check`() throws {
    try expectGolden(KubernetesJob(.shop(), image: "registry.example/flotilla:0.1.0").text, "cronjob.yaml")
  }

  @Test func `what YAML would read as something else is quoted`() throws {
    let text = try KubernetesJob(.shop(command: ["drift", "yes", "1e3", "a: b", "\"\\"]), image: "x").text
    for word in [#""yes""#, #""1e3""#, #""a: b""#, #""\"\\""#] { #expect(text.contains("- \(word)\n")) }
    #expect(text.contains("- drift\n"))
  }

  @Test(arguments: ["Shop", "a_b", "a.b", "shop-", String(repeating: "a", count: 53)])
  func `a name that Kubernetes doesn't take is refused`(_ name: String) {
    #expect(throws: ScheduleError.self) { try KubernetesJob(.shop(name: name), image: "x") }
  }

  @Test func `an interval that a CronJob can't keep is refused`() {
    #expect(throws: ScheduleError.self) { try KubernetesJob(.shop(every: "7m"), image: "x") }
  }
}
