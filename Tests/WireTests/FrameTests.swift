import Migrations
import Schema
import TestSupport
import Testing
import Upgrade
import Wire

@Suite struct FrameTests {
  private static let frames = [
    Frame(.beat), Frame(.request, 7, Array("{}".utf8)),
    Frame(.data, .max, Array(repeating: 9, count: 70_000)),
  ]

  @Test(arguments: [1, 2, 9, 10, 4096, 1 << 20])
  func `frames arrive whole, however their bytes do`(pieceLength: Int) throws {
    let bytes = Self.frames.flatMap(\.bytes)
    var parser = FrameParser()
    var found: [Frame] = []
    for start in stride(from: 0, to: bytes.count, by: pieceLength) {
      parser.append(bytes[start..<min(start + pieceLength, bytes.count)])
      while let frame = try parser.next() { found.append(frame) }
    }
    #expect(found == Self.frames)
    #expect(parser.isBetweenFrames)
  }

  @Test func `a stream that is cut is not between frames`() throws {
    var parser = FrameParser()
    parser.append(Self.frames[1].bytes.dropLast())
    #expect(try parser.next() == nil)
    #expect(!parser.isBetweenFrames)
  }

  @Test(arguments: [
    "Last login: Mon Nov 23", "\u{0}\u{0}\u{0}\u{1}\u{63}........", "\u{7f}\u{7f}\u{7f}\u{7f}\u{1}....",
  ])
  func `text, an unknown kind and an absurd length are garbage`(text: String) {
    var parser = FrameParser()
    parser.append(text.utf8)
    #expect(throws: WireError.garbage) { try parser.next() }
  }

  @Test func `a payload of another kind is told`() throws {
    #expect(throws: WireError.payload(.outcome)) {
      let _: Outcome = try Frame(.outcome, 1, Array("{\"status\": 3}".utf8)).value()
    }
  }

  @Test func `every option arrives as it was sent`() throws {
    var options = UpgradeOptions()
    options.target = 7
    options.check = .quick
    options.busyTimeout = .milliseconds(1500)
    options.timeout = .seconds(7)
    options.ignored = [try #require(IgnoreRule("table store_*"))]
    options.showsLayout = true
    options.deep = true
    options.hooks = Hooks(before: ["systemctl", "stop", "a b"], after: ["true"])
    options.preflight = true
    options.backupFolder = "/b"
    options.networkFileSystems = true
    options.recovers = false
    let folder = "\(Repository.root)/inventory/ownprem"
    let set = try MigrationSet.load(
      folder: "\(folder)/migrations", baseline: "\(folder)/baseline.sql", schema: "\(folder)/schema.sql")
    let setup: Setup = try Frame(.setup, json: Setup(set, options)).value()
    // Every stored property is compared, those that are added later too.
    #expect("\(setup.options)" == "\(options)")
    #expect("\(options)" != "\(UpgradeOptions())")
    #expect(try MigrationSet(setup.files).digest == set.digest)
  }

  @Test func `an outcome arrives as it was sent`() throws {
    var outcome = Outcome(Failure(code: "hook", step: .after, message: "é\"\n"))
    outcome.versionBefore = 1
    outcome.versionAfter = 9
    outcome.pending = [0, 3]
    outcome.backup = BackupRecord(path: "/b", bytes: 5, sha256: "ab")
    outcome.hooks = [HookResult(which: .before, program: "x", status: nil, output: "o", milliseconds: 1.5)]
    outcome.openBy = ["app (pid 3)"]
    outcome.milliseconds = ["total": 1.25]
    #expect(try Frame(.outcome, 1, json: outcome).value() == outcome)
  }
}
