import Foundation
import Glibc
import TestSupport
import Testing

/// What must not leave the program, and what must not be taken for a command.
@Suite struct HostSecretTests {
  private static let secrets = [
    "FLOTILLA_REPORT_TOKEN": "t0ken-of-the-fleet",
    "FLOTILLA_REPORT_SECRET": "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
  ]

  private static func hasSecret(_ text: String) -> Bool { secrets.values.contains { text.contains($0) } }

  @Test func `no secret is in any process's arguments, in ssh's or an agent's environment, or in a file`()
    throws
  {
    let hosts = try TwoHosts(
      slow: 9_000_000,
      extra: """
        report: { url: 'http://127.0.0.1:9/', token: '${FLOTILLA_REPORT_TOKEN}', secret: '${FLOTILLA_REPORT_SECRET}' }
        """)
    let started = try Program.start(
      ["migrate", "--yes", "--verbose", "--report", "report.json"], in: hosts.fleet.folder.path,
      environment: Self.secrets)
    #expect(waits(20) { hosts.fleet.files.contains { $0.hasSuffix("/bad.sqlite") } })
    var looked = 0
    for process in Processes.all {
      let words = Processes.words(process)
      #expect(!Self.hasSecret(words.joined(separator: " ")), "\(words)")
      let isOurs = words.contains {
        $0.contains(hosts.bad.folder.path) || $0.contains(hosts.fleet.folder.path)
      }
      guard isOurs, process != started.process.processIdentifier else { continue }
      looked += 1
      #expect(!Self.hasSecret(Processes.environment(process).joined(separator: " ")), "\(words)")
    }
    #expect(looked >= 3, "ssh, sshd and the agent should be there")
    let run = try Program.finish(started)
    #expect(!Self.hasSecret(run.output + run.errors), "\(run.output)\(run.errors)")
    #expect(!Self.hasSecret(hosts.bad.log + hosts.good.log))
    for file in hosts.fleet.files {
      let bytes = (try? Content.bytes(hosts.fleet.folder.file(file))) ?? []
      #expect(!Self.hasSecret(String(decoding: bytes, as: UTF8.self)), "\(file)")
    }
  }

  @Test(arguments: [
    "$(touch x)", "`touch x`", "a'b", "a\"b", "a b  c", "; touch x", "--x", "-rf", "* ?", "Zürich ☃", "a\\nb",
    "${HOME}",
    "a&b|c>x<y", "#x", "~root", "!x", "%h%p",
  ])
  func `a name is never taken for a command, here or on the host`(name: String) throws {
    let host = try HostFleet(1)
    let folder = host.fleet.folder.file("db/\(name)")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let path = "\(folder)/\(name).sqlite"
    try FileManager.default.copyItem(atPath: host.fleet.template(0), toPath: path)
    let quoted = { (text: String) in "'\(text.replacing("$", with: "$$").replacing("'", with: "''"))'" }
    let escapes = { (text: String) in quoted(text).replacing("$$", with: "$") }
    let write = { (quote: (String) -> String) in
      try host.fleet.configure(
        "ssh: \(host.server.settings())\nbackup: { fetch: true }",
        installations:
          "  - { id: \(quote(name)), host: 127.0.0.1, port: \(host.server.port), path: \(quote(path)), "
          + "labels: { note: \(quote(name)) } }")
    }
    try write(escapes)
    let run = try host.fleet.migrate()
    // A variable in the inventory is the environment's, or has to be written otherwise.
    guard !name.contains("${") else { return #expect(run.status == 1 || run.status == 0, "\(run.errors)") }
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(try SmallFleet.versions(path) == [1, 2, 3])
    #expect(try host.fleet.run("restore", "--run", "last", "--yes").status == 0)
    #expect(try SmallFleet.versions(path) == [1])
    let record = try #require(try host.fleet.records()[name])
    #expect((record["labels"] as? [String: String])?["note"] == name)
    for place in [host.fleet.folder.path, host.server.home, folder] {
      #expect(!FileManager.default.fileExists(atPath: place + "/x"), "\(place)")
    }
  }
}
