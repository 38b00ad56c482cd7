import Dispatch
import Foundation
import Migrations
import Schema
import TestSupport
import Testing
import Upgrade

@testable import Remote

/// What all hosts together may take of the coordinator's memory.
@Suite(.ownThreads) struct MemoryBudgetTests {
  @Test func `memory that isn't there is not given, and what was given comes back with its share`() {
    let budget = MemoryBudget(100)
    var first: MemoryShare? = MemoryShare(budget)
    #expect(first?.grow(to: 60, within: 1) == true && first?.grow(to: 90, within: 1) == true)
    #expect(budget.free == 10)
    let second = MemoryShare(budget)
    #expect(!second.grow(to: 11, within: 0.05))
    #expect(first?.grow(to: 90, within: 0) == true)
    first = nil
    #expect(budget.free == 100)
    #expect(second.grow(to: 100, within: 1))
  }

  @Test func `who waits gets what another gives back`() {
    let budget = MemoryBudget(100)
    var first: MemoryShare? = MemoryShare(budget)
    #expect(first?.grow(to: 100, within: 1) == true)
    let (asked, got) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    DispatchQueue(label: "waits").async {
      let second = MemoryShare(budget)
      asked.signal()
      if second.grow(to: 80, within: 30) { got.signal() }
    }
    asked.wait()
    first = nil
    #expect(got.wait(timeout: .now() + 20) == .success)
  }

  @Test func `who gave up keeps nobody from getting what is there`() {
    let budget = MemoryBudget(100)
    let (holder, large, small) = (MemoryShare(budget), MemoryShare(budget), MemoryShare(budget))
    #expect(holder.grow(to: 50, within: 1))
    #expect(!large.grow(to: 100, within: 0.05))
    #expect(small.grow(to: 50, within: 1))
  }

  @Test func `answers that all wait for the rest of their memory arrive one after the other`() {
    let budget = MemoryBudget(100)
    var shares = (0..<4).map { _ in MemoryShare(budget) }
    for share in shares { #expect(share.grow(to: 25, within: 1)) }
    let arrived = DispatchSemaphore(value: 0)
    while let share = shares.popLast() {
      Thread.detachNewThread {
        if share.grow(to: 60, within: 30), share.grow(to: 90, within: 30) { arrived.signal() }
      }
    }
    for _ in 0..<4 { #expect(arrived.wait(timeout: .now() + 20) == .success) }
  }

  private static let digest = String(repeating: "0a", count: 32)

  @Test(arguments: [
    ("/b/run/db.sqlite", Int64(4096), digest, true), ("/b/../etc/db.sqlite", 4096, digest, false),
    ("/b/run/db.sqlite", 0, digest, false), ("/b/run/db.sqlite", -5, digest, false),
    ("/b/run/db.sqlite", .max, digest, false), ("/b/run/db.sqlite", 4096, digest + "0", false),
    ("/b/run/db.sqlite", 4096, digest.uppercased(), false), ("/b/run/db.sqlite\n", 4096, digest, false),
  ])
  func `a backup that a host can't have made is refused`(
    path: String, bytes: Int64, digest: String, isFine: Bool
  ) throws {
    let record = BackupRecord(path: path, bytes: bytes, sha256: digest)
    #expect((AnswerCheck.problem(in: record, at: "/b/run/db.sqlite") == nil) == isFine)
    var outcome = Outcome(status: .migrated)
    outcome.backup = record
    #expect((AnswerCheck.problem(in: outcome, backup: "/b/run/db.sqlite") == nil) == isFine)
    #expect(AnswerCheck.problem(in: outcome, backup: nil) != nil)
    for compressed in [-1, 0, Int64.max] {
      let record = BackupRecord(
        path: record.path, bytes: record.bytes, sha256: record.sha256, compressedBytes: compressed)
      #expect(AnswerCheck.problem(in: record, at: "/b/run/db.sqlite") != nil)
    }
  }

  @Test func `names of files that are longer than an agent sends are refused`() {
    let long = String(repeating: "x", count: 5_000)
    var outcome = Outcome(Failure(code: .sql, step: .migrate, message: "m", fault: .migration, files: [long]))
    #expect(AnswerCheck.problem(in: outcome, backup: nil) != nil)
    outcome.failure = Failure(code: .sql, step: .migrate, message: "m", fault: .migration, files: ["1_a.sql"])
    #expect(AnswerCheck.problem(in: outcome, backup: nil) == nil)
    outcome.undeclared = [UndeclaredEffects(file: "1_a.sql", effects: [], deletes: [long], changes: [])]
    #expect(AnswerCheck.problem(in: outcome, backup: nil) != nil)
  }

  @Test(
    arguments: [
      (1000, 1.0, true), (0, 0, true), (-1, 1, false), (.max, 1, false), (1000, -0.1, false),
      (1000, 1e13, false),
    ] as [(Int64, Double, Bool)])
  func `a lock that no rehearsal can have found is refused`(bytes: Int64, time: Double, isFine: Bool) {
    for part in 0..<2 {
      let times = (0..<2).map { $0 == part ? time : 1 }
      var outcome = Outcome(status: .migrated)
      outcome.rehearsedLock = RehearsedLock(bytes: bytes, work: times[0], backup: times[1])
      #expect((AnswerCheck.problem(in: outcome, backup: nil) == nil) == isFine)
    }
  }

  @Test(
    arguments: [
      (Likeness.equal([1, 2], unchanging: [2]), 2, nil, true), (.unlike(nearest: 0), nil, nil, true),
      (.between(1, 3), nil, nil, false), (.equal([2], unchanging: []), 3, nil, false),
      (.equal([2], unchanging: []), 2, 2, false),
      (.equal(Array(repeating: 1, count: 100), unchanging: []), nil, nil, false),
    ] as [(Likeness, MigrationVersion?, MigrationVersion?, Bool)])
  func `what a host can't have found out for an adoption is refused`(
    likeness: Likeness, version: MigrationVersion?, recorded: MigrationVersion?, isFine: Bool
  ) {
    var outcome = Outcome(status: .failed)
    outcome.fingerprint = "sha256:\(Self.digest)"
    outcome.versionAfter = recorded
    outcome.adoption = AdoptionFinding(likeness: likeness, version: version, userVersion: nil)
    #expect((AnswerCheck.problem(inAdoptionOf: outcome, versions: [1, 2]) == nil) == isFine)
    outcome.adoption = nil
    #expect(AnswerCheck.problem(inAdoptionOf: outcome, versions: [1, 2]) == nil)
  }

  @Test(
    arguments: [
      (2, 1, 3, true), (1, 0, nil, true), (3, 1, nil, false), (2, 3, nil, false), (0, 0, nil, false),
      (2, 1, -1, false), (2, 1, Int.max, false),
    ] as [(MigrationVersion, MigrationVersion, Int?, Bool)])
  func `a half-done migration that there can't be is refused`(
    version: MigrationVersion, before: MigrationVersion, doubt: Int?, isFine: Bool
  ) {
    var outcome = Outcome(status: .failed)
    outcome.fingerprint = "sha256:\(Self.digest)"
    outcome.versionAfter = before
    outcome.settlement = SettlementFinding(
      version: version, before: before, side: .before, doubt: doubt, isApplied: false)
    #expect((AnswerCheck.problem(inAdoptionOf: outcome, versions: [1, 2]) == nil) == isFine)
    outcome.adoption = AdoptionFinding(likeness: .unlike(nearest: 1), version: nil, userVersion: nil)
    #expect(AnswerCheck.problem(inAdoptionOf: outcome, versions: [1, 2]) != nil)
  }

  @Test(arguments: [
    (
      #"{"run": "r1", "version": 3, "record": {"path": "/b/r1/db", "bytes": 4096, "sha256": "DIGEST"}}"#, 1,
      true
    ),
    (
      #"{"run": "r3", "version": 3, "record": {"path": "/b/r3/db", "bytes": 4096, "sha256": "DIGEST"}}"#, 1,
      false
    ),
    (
      #"{"run": "r1", "version": 3, "record": {"path": "/b/r2/db", "bytes": 4096, "sha256": "DIGEST"}}"#, 1,
      false
    ),
    (
      #"{"run": "r1", "version": 3, "record": {"path": "/b/r1/db", "bytes": -1, "sha256": "DIGEST"}}"#, 1,
      false
    ),
    (
      #"{"run": "r1", "version": 3, "record": {"path": "/b/r1/db", "bytes": 4096, "sha256": "DIGEST"}}"#, 2,
      false
    ),
  ])
  func `backups that nobody asked for are not found`(json: String, count: Int, isFine: Bool) throws {
    let text = "[" + Array(repeating: json, count: count).joined(separator: ",") + "]"
    let found = try JSONDecoder().decode(
      [FoundBackup].self, from: Data(text.replacing("DIGEST", with: Self.digest).utf8))
    #expect((AnswerCheck.problem(in: found, "db", "/b", ["r1", "r2"]) == nil) == isFine)
  }

  @Test func `answers about data that can't be are refused`() {
    let question = DataQuestion(
      file: "0002_a.sql", line: 3, effect: .fails, noun: "NULL in a.b", nouns: "NULLs in a.b", sql: "SELECT 1"
    )
    var answers = DataAnswers()
    (answers.questions, answers.counts) = ([question], [2])
    answers.unasked = [UnaskedStatement(file: "0002_a.sql", line: 4, reason: "it is odd")]
    let files: Set = ["0001_a.sql", "0002_a.sql"]
    #expect(AnswerCheck.problem(in: answers, files: files) == nil)
    #expect(AnswerCheck.problem(in: answers, files: ["0001_a.sql"]) != nil)
    for counts in [[], [-1], [1, 2], [nil], [1 << 60]] as [[Int?]] {
      answers.counts = counts
      #expect(AnswerCheck.problem(in: answers, files: files) != nil, "\(counts)")
    }
    // A question may stay without an answer if the answers say why.
    answers.counts = [nil]
    answers.failure = Failure(code: .timeout, step: .inspect, message: "the time allowed has passed")
    #expect(AnswerCheck.problem(in: answers, files: files) == nil)
  }
}
