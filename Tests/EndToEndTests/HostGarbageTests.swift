import Foundation
import TestSupport
import Testing

/// Hosts that answer something else than an agent of this version does.
@Suite struct HostGarbageTests {
  /// Prints a frame: its length, its kind, request 0, its payload.
  private static func frame(_ kind: Int, _ payload: String, length: Int? = nil) -> String {
    let length = length ?? payload.utf8.count
    let octal = { (number: Int) in "\\" + String(number + 0o1000, radix: 8).suffix(3) }
    let size = [24, 16, 8, 0].map { octal(length >> $0 & 0xFF) }.joined()
    return "printf '\(size)\(octal(kind))\\000\\000\\000\\000'; printf %s '\(payload)'; "
  }

  /// Reads frames: the setup, and the requests after it.
  private static func reading(frames: Int) -> String {
    "python3 -c 'import sys; f = sys.stdin.buffer; "
      + "[f.read(int.from_bytes(f.read(9)[:4], \"big\")) for _ in range(\(frames))]'; "
  }

  private static func hello(_ version: Int, _ program: String) -> String {
    frame(1, #"{"version":\#(version),"program":"\#(program)","sqlite":"3.0.0"}"#)
  }

  @Test func `a banner is quoted, and what to do about it is told`() throws {
    let hosts = try TwoHosts(
      command: "echo 'Welcome to \u{1B}[31mberlin'; echo more; exec sh -c \"$SSH_ORIGINAL_COMMAND\"")
    let trouble = try hosts.migrate()
    #expect(trouble.status == "unreachable" && trouble.code == "banner", "\(trouble)")
    #expect(trouble.message.contains("\"Welcome to \u{FFFD}[31mberlin\""), "\(trouble.message)")
    #expect(trouble.run.output.contains("login scripts print nothing"), "\(trouble.run.output)")
    #expect(!trouble.run.output.contains("\u{1B}"))
    try hosts.expectUntouched()
  }

  @Test func `a banner on standard error harms nothing`() throws {
    let hosts = try TwoHosts(command: "echo Welcome >&2; exec sh -c \"$SSH_ORIGINAL_COMMAND\"")
    try hosts.expectFinish()
  }

  @Test(arguments: [(999, "flotilla-agent 0.1.0"), (1, "flotilla-agent 99.1"), (7, "\u{1B}]0;owned\u{7}")])
  func `an agent of another version is told with both`(version: Int, program: String) throws {
    let escaped = program.unicodeScalars.map {
      $0.value < 0x20 ? "\\u00" + ($0.value == 7 ? "07" : "1b") : "\($0)"
    }
    let hosts = try TwoHosts(
      command: "printf FLOTILLA; " + Self.hello(version, escaped.joined()) + "exec cat >/dev/null")
    let trouble = try hosts.migrate()
    #expect(trouble.status == "unreachable" && trouble.code == "agent", "\(trouble)")
    #expect(trouble.message.contains("protocol \(version); this is flotilla-agent "), "\(trouble.message)")
    if version != 7 { #expect(trouble.message.contains("has \(program),"), "\(trouble.message)") }
    #expect(!trouble.message.contains("\u{1B}") && !trouble.run.output.contains("\u{1B}"))
    try hosts.expectUntouched()
  }

  @Test func `an agent that is too old to ask for data is told, and its databases count as not asked`() throws
  {
    let hosts = try TwoHosts(
      command: "printf FLOTILLA; " + Self.hello(2, "flotilla-agent 0.1.0") + "exec cat >/dev/null")
    let plan = try hosts.fleet.run("plan", "--data")
    #expect(plan.status == 3, "\(plan.output)\(plan.errors)")
    #expect(
      plan.words.contains(
        "Could not be asked: 1 (bad: open: the host has flotilla-agent 0.1.0, protocol 2; this is"),
      "\(plan.output)")
    try hosts.expectUntouched()
  }

  @Test func `what an agent tells of its trouble can't drive the terminal`() throws {
    let message = #"\u001b]0;owned\u0007\u009b31m\n9 migrated"#
    let hosts = try TwoHosts(
      command: "printf FLOTILLA; " + Self.hello(3, "flotilla-agent 0.1.0")
        + Self.frame(8, #"{"code":"agent","step":"open","message":"\#(message)"}"#) + "exec cat >/dev/null")
    let trouble = try hosts.migrate()
    #expect(trouble.status == "unreachable" && trouble.code == "agent", "\(trouble)")
    let said = trouble.run.output + trouble.run.errors
    #expect(said.contains("owned"))
    #expect(!said.unicodeScalars.contains { $0.properties.generalCategory == .control && $0 != "\n" })
    #expect(!said.contains("\n9 migrated"), "\(said)")
    try hosts.expectUntouched()
  }

  @Test(arguments: [
    "printf FLOTILLA; echo and then something else that is much longer than a header; exec cat >/dev/null",
    "printf FLOTILLA; exec cat /dev/zero",
    "printf FLOTILLA; " + frame(1, "no json") + "exec cat >/dev/null",
    "printf FLOTILLA; " + frame(8, "{}") + "exec cat >/dev/null",
    "printf FLOTILLA; " + frame(1, "", length: 0x7FFF_FFFF) + "exec cat >/dev/null",
  ])
  func `garbage is no protocol`(command: String) throws {
    let hosts = try TwoHosts(command: command, ssh: "connect_timeout: 3s")
    let trouble = try hosts.migrate()
    #expect(trouble.status == "unreachable" && trouble.code == "protocol", "\(trouble)")
    #expect(
      !trouble.message.contains("Frame") && !trouble.message.contains("WireError"), "\(trouble.message)")
    #expect(hosts.bad.logins == 1)
    try hosts.expectUntouched()
  }

  @Test(arguments: [
    ("echo This account is currently not available.; exit 1", "status 1: \"This account is currently"),
    ("exec cat /dev/zero", "than it was asked to: \"\u{FFFD}"), ("true", "asked to and ended with status 0"),
    ("exit 9", "asked to and ended with status 9"), ("printf FLOTIL", "and ended with status 0: \"FLOTIL\""),
    ("echo 'no such menu entry' >&2; exit 2", "status 2 (no such menu entry)"),
  ])
  func `a host that runs something else is told as that`(command: String, words: String) throws {
    let hosts = try TwoHosts(command: command, ssh: "connect_timeout: 3s")
    let trouble = try hosts.migrate()
    #expect(trouble.status == "unreachable" && trouble.code == "forced_command", "\(trouble)")
    #expect(trouble.message.contains(words), "\(trouble.message)")
    #expect(trouble.run.words.contains("no ForceCommand"), "\(trouble.run.output)")
    #expect(hosts.bad.logins == 1)
    try hosts.expectUntouched()
  }

  @Test(arguments: [
    // Signs of life without end, a refusal without end, and a host that asks for the agent and doesn't take it.
    "printf FLOTILLA; while :; do " + frame(9, "") + "done",
    "printf FLOTFAIL; exec cat /dev/zero", "printf FLOTNEED; exec sleep 60",
    "printf FLOTNEED; while :; do printf FLOTNEED; done",
  ])
  func `a host that never comes to the point is given up after its time`(command: String) throws {
    let hosts = try TwoHosts(command: command, ssh: "connect_timeout: 3s")
    let trouble = try hosts.migrate(within: .seconds(40))
    #expect(trouble.status == "unreachable", "\(trouble)")
    try hosts.expectUntouched()
  }

  @Test func `an end in the middle is no answer`() throws {
    let hosts = try TwoHosts(command: "printf FLOTILLA; printf '\\000\\000\\001'")
    let trouble = try hosts.migrate()
    #expect(trouble.status == "unreachable" && trouble.code == "unreachable", "\(trouble)")
    try hosts.expectUntouched()
  }

  @Test func `garbage in the middle of the work ends that connection only`() throws {
    // The agent's answer to the setup, and after the first request what is not the protocol.
    let hosts = try TwoHosts(
      command: "printf FLOTILLA; " + Self.hello(3, "flotilla-agent 0.1.0") + Self.frame(4, "")
        + Self.reading(frames: 2) + "exec head -c 99999 /dev/zero", ssh: "connect_timeout: 5s")
    let trouble = try hosts.migrate()
    #expect(trouble.status == "unreachable" && trouble.code == "protocol", "\(trouble)")
    try hosts.expectUntouched()
  }
}
