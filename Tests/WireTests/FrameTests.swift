import Migrations
import Schema
import TestSupport
import Testing
import Upgrade

@testable import Wire

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
    #expect(throws: WireError.self) { try parser.next() }
  }

  private static let agents: [Frame.Kind] = [
    .hello, .done, .outcome, .step, .data, .problem, .beat, .found, .answers,
  ]

  @Test(arguments: agents)
  func `a frame that is too long for its kind is refused when its head arrives`(kind: Frame.Kind) throws {
    let head = { (length: Int) in
      [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) } + [kind.rawValue, 0, 0, 0, 1]
    }
    var parser = FrameParser(isFromAgent: true)
    parser.append(head(kind.longestPayload + 1))
    #expect(throws: WireError.tooLong(kind, kind.longestPayload + 1)) { try parser.next() }
    parser = FrameParser(isFromAgent: true)
    parser.append(head(kind.longestPayload))
    #expect(try parser.next()?.kind == (kind.longestPayload == 0 ? kind : nil))
    #expect(parser.held == 0)
  }

  @Test(arguments: [Frame.Kind.setup, .request, .end])
  func `what only a coordinator sends is refused from an agent`(kind: Frame.Kind) {
    var parser = FrameParser(isFromAgent: true)
    parser.append(Frame(kind, 1).bytes)
    #expect(throws: WireError.garbage) { try parser.next() }
  }

  @Test(arguments: [
    "[" + String(repeating: "0,", count: 300_000) + "0]", String(repeating: "[", count: 40),
    "\"" + String(repeating: "\\\"", count: 100_000) + "\"", "\"" + String(repeating: "x", count: 200_000),
  ])
  func `what takes much more memory than its bytes is not decoded`(text: String) {
    #expect(!JSONOutline(Array(text.utf8)).isModest)
    #expect(throws: WireError.payload(.outcome)) {
      let _: [Int] = try Frame(.outcome, 1, Array(text.utf8)).value()
    }
  }

  private static func difference(_ number: Int, _ length: Int) -> Difference {
    let text = String(repeating: "é", count: length)
    return Difference(kind: .changed(.table), object: "\(number) \(text)", expected: text, actual: text)
  }

  @Test func `long texts of an outcome are cut, each to what its field may have`() throws {
    let text = String(repeating: "é", count: 1_000_000)
    var outcome = Outcome(Failure(code: .busy, step: .lock, message: text))
    outcome.drift = [Self.difference(1, 1_000_000)]
    outcome.mayDelete = [text]
    outcome.openBy = Array(repeating: text, count: 100)
    outcome.hooks = [HookResult(which: .before, program: text, status: 1, output: text, milliseconds: 1)]
    let frame = outcome.frame(1)
    #expect(frame.payload.count < 200_000, "\(frame.payload.count)")
    let arrived: Outcome = try frame.value()
    #expect(arrived.failure?.message.utf8.count == 3_999)
    #expect(arrived.drift.first?.actual?.hasSuffix("é…") == true)
    #expect(arrived.hooks.first?.output.hasSuffix("é…") == true && arrived.openBy.count == 10)
    #expect(arrived.bounded() == arrived)
  }

  @Test func `differences that don't fit into an answer are left out, and counted`() throws {
    var outcome = Outcome(status: .pending)
    outcome.drift = (0..<3_000).map { Self.difference($0, 1_500) }
    let frame = outcome.frame(1)
    #expect(frame.payload.count <= Frame.Kind.outcome.longestPayload)
    let arrived: Outcome = try frame.value()
    let omitted = try #require(arrived.drift.last)
    #expect(omitted.kind == .differencesOmitted && omitted.object == "\(3_001 - arrived.drift.count) more")
    #expect(
      Array(arrived.drift.dropLast().map(\.kind))
        == Array(repeating: .changed(.table), count: arrived.drift.count - 1))
  }

  @Test func `undeclared effects are cut and counted, and files that a failure names are cut`() throws {
    let text = String(repeating: "é", count: 1_000)
    let part = UndeclaredEffects(
      file: text, effects: (0..<1_200).map { "\($0)" }, deletes: [text], changes: ["a.b"])
    var outcome = Outcome(
      Failure(code: .rowsLost, step: .prove, message: "x", fault: .migration, files: [text]))
    outcome.undeclared = Array(repeating: part, count: 2)
    let arrived: Outcome = try outcome.frame(1).value()
    #expect(arrived.failure?.files.map(\.utf8.count) == [999] && arrived.failure?.fault == .migration)
    #expect(arrived.undeclared.map(\.effects.count) == [1_001, 1_001])
    #expect(arrived.undeclared.first?.effects.last == "and 200 more")
    #expect(arrived.undeclared.first?.deletes.first?.utf8.count == 999)
    outcome.undeclared = Array(
      repeating: UndeclaredEffects(file: "a", effects: ["b"], deletes: [], changes: []), count: 1_010)
    let many: Outcome = try outcome.frame(1).value()
    #expect(many.undeclared.count == 1_001 && many.undeclared.last?.file == "10 more migrations")
    #expect(arrived.bounded() == arrived && many.bounded() == many)
  }

  @Test func `what is too long to be told doesn't hide how it ended`() throws {
    var outcome = Outcome(status: .migrated)
    outcome.versionAfter = 7
    outcome.backup = BackupRecord(path: "/b", bytes: 512, sha256: String(repeating: "0", count: 64))
    outcome.mayDelete = Array(repeating: String(repeating: "x", count: 900), count: 9_000)
    let arrived: Outcome = try outcome.frame(1).value()
    #expect(arrived.status == .failed && arrived.versionAfter == 7 && arrived.backup == outcome.backup)
    #expect(arrived.failure?.message.contains("ended as \"migrated\"") == true)
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
    options.compress = .zstd
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
    var outcome = Outcome(
      Failure(code: .hook, step: .after, message: "é\"\n", fault: .database, files: ["a"]))
    outcome.undeclared = [UndeclaredEffects(file: "a", effects: ["b"], deletes: ["c"], changes: ["d.e"])]
    outcome.versionBefore = 1
    outcome.versionAfter = 9
    outcome.pending = [0, 3]
    outcome.backup = BackupRecord(path: "/b", bytes: 5, sha256: "ab", compressedBytes: 3)
    outcome.compressionProblem = "no room"
    outcome.hooks = [HookResult(which: .before, program: "x", status: nil, output: "o", milliseconds: 1.5)]
    outcome.openBy = ["app (pid 3)"]
    outcome.milliseconds = ["total": 1.25]
    outcome.lockedMilliseconds = 0.5
    #expect(try Frame(.outcome, 1, json: outcome).value() == outcome)
  }

  @Test func `answers of which a part had to be left out say so`() throws {
    let question = DataQuestion(
      file: "0002_a.sql", line: 3, effect: .fails, noun: "NULL in a.b", nouns: "NULLs in a.b",
      sql: String(repeating: "x", count: 40_000))
    var answers = DataAnswers()
    answers.questions = Array(repeating: question, count: 3_000)
    answers.counts = Array(repeating: 0, count: 3_000)
    let bounded = answers.bounded()
    #expect(bounded.questions.count == 1_000 && bounded.counts.count == 1_000 && bounded.failure != nil)
    // They don't fit into a frame even so.
    let sent: DataAnswers = try answers.frame(7).value()
    #expect(sent.questions.isEmpty && sent.failure?.message.contains("too many questions") == true)
    (answers.questions, answers.counts) = ([question], [2])
    let whole: DataAnswers = try answers.frame(7).value()
    #expect(whole.counts == [2] && whole.failure == nil && whole.questions[0].sql.utf8.count <= 16_000)
  }
}
