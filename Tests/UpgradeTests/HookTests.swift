import BenchSupport
import Foundation
import Migrations
import SQLite
import Schema
import TestSupport
import Testing
import Upgrade

/// The programs around an upgrade. They wait for programs, so they don't run on the threads that those need.
@Suite(.ownThreads) struct HookTests {
  private let bench: Bench

  init() throws {
    bench = try Bench()
    try bench.migration("0002_add_age.sql", "ALTER TABLE parents ADD COLUMN age INTEGER;")
  }

  /// A shell script as an argument vector; `log` is a file in the bench's folder.
  private func script(_ text: String) -> [String] {
    ["/bin/sh", "-c", text.replacing("LOG", with: bench.folder.file("log"))]
  }

  private func hooks(before: String? = nil, after: String? = nil) {
    bench.options.hooks = Hooks(before: before.map(script) ?? [], after: after.map(script) ?? [])
  }

  private func log() throws -> String {
    try String(contentsOfFile: bench.folder.file("log"), encoding: .utf8)
  }

  @Test func `a hook before that fails leaves the database alone, and the one after still runs`() throws {
    let bytes = try Content.bytes(bench.path)
    hooks(
      before: "echo stopping; echo no such unit >&2; exit 5",
      after: "echo $FLOTILLA_HOOK $FLOTILLA_STATUS >LOG")
    let outcome = try bench.upgrade()
    #expect(outcome.status == .failed)
    #expect(outcome.failure?.code == .hook)
    #expect(outcome.failure?.step == .before)
    #expect(outcome.failure?.message == "the 'before' hook /bin/sh ended with status 5: no such unit")
    #expect(outcome.hooks.map(\.which) == [.before, .after])
    #expect(outcome.hooks.map(\.status) == [5, 0])
    #expect(outcome.hooks.first?.output == "stopping\nno such unit\n")
    #expect(try log() == "after failed\n")
    #expect(try Content.bytes(bench.path) == bytes)
    #expect(!bench.exists("backup.sqlite"))
  }

  @Test func `a hook before that can't be started leaves nothing to do for the one after`() throws {
    let bytes = try Content.bytes(bench.path)
    bench.options.hooks = Hooks(before: ["flotilla-no-such-program"], after: script("echo ran >LOG"))
    let outcome = try bench.upgrade()
    #expect(outcome.failure?.code == .hook)
    #expect(outcome.failure?.step == .before)
    #expect(
      outcome.failure?.message
        == "the 'before' hook flotilla-no-such-program can't be run: No such file or directory")
    #expect(outcome.hooks.isEmpty)
    #expect(!bench.exists("log"))
    #expect(try Content.bytes(bench.path) == bytes)
  }

  @Test func `a hook that hangs is ended with what it started, and the one after has its time`() throws {
    bench.options.timeout = .seconds(1)
    hooks(before: "sleep 77 & echo $! >LOG; wait", after: "sleep 1.5; echo up")
    let outcome = try bench.upgrade()
    #expect(outcome.failure?.code == .hook)
    #expect(outcome.failure?.message == "the 'before' hook /bin/sh was stopped after 1 s without an end")
    #expect(outcome.hooks.map(\.status) == [nil, 0])
    #expect(outcome.hooks.last?.output == "up\n")
    #expect(try bench.versions() == [1])
    let process = try log().filter(\.isNumber)
    var state = ""
    for _ in 0..<500 {
      state = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? "State:\tX"
      if state.contains("State:\tZ") || state.contains("State:\tX") { break }
      usleep(10_000)
    }
    #expect(state.contains("State:\tZ") || state.contains("State:\tX"))
  }

  @Test func `ten megabytes of anything become 4096 bytes of text`() throws {
    hooks(before: "head -c 10000000 /dev/urandom; printf '\\033[2J\\377\\000end\\t.\\n'")
    let outcome = try bench.upgrade()
    #expect(outcome.status == .migrated, "\(outcome.failure as Any)")
    let output = try #require(outcome.hooks.first?.output)
    #expect(output.hasSuffix("\u{FFFD}[2J\u{FFFD}\u{FFFD}end\t.\n"))
    #expect(output.unicodeScalars.count <= 4096)
    #expect(output.utf8.count <= 3 * 4096)
    #expect(!output.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" && $0 != "\t" })
  }

  @Test func `a hook after that fails is a failure though the migration was committed`() throws {
    hooks(after: "echo unit is masked; exit 1")
    let outcome = try bench.upgrade()
    #expect(outcome.status == .failed)
    #expect(outcome.failure?.code == .hook)
    #expect(outcome.failure?.step == .after)
    #expect(
      outcome.failure?.message
        == "migrated to version 2, but the 'after' hook /bin/sh ended with status 1: unit is masked")
    #expect(outcome.versionAfter == 2)
    #expect(outcome.applied.map(\.version) == [2])
    #expect(outcome.backup != nil)
    #expect(try bench.versions() == [1, 2])
    let again = try bench.upgrade()
    #expect(again.status == .current)
    #expect(again.hooks.isEmpty)
  }

  @Test func `a hook after runs though the migration failed, and the first error is told first`() throws {
    try bench.migration("0003_bad.sql", "INSERT INTO missing VALUES (1);")
    hooks(before: "echo before $FLOTILLA_STATUS. >>LOG", after: "echo after $FLOTILLA_STATUS. >>LOG; exit 2")
    let outcome = try bench.upgrade()
    #expect(outcome.status == .failed)
    #expect(outcome.failure?.code == .sql)
    #expect(outcome.failure?.step == .migrate)
    #expect(outcome.failure?.message.hasSuffix("; and the 'after' hook /bin/sh ended with status 2") == true)
    #expect(try log() == "before .\nafter failed.\n")
    #expect(try bench.versions() == [1])
  }

  @Test func `where nothing is pending no hook runs`() throws {
    try bench.change("INSERT INTO schema_migrations (version, name) VALUES (2, 'add_age')")
    hooks(before: "echo ran >LOG", after: "echo ran >LOG")
    #expect(try bench.upgrade().status == .current)
    try bench.change("INSERT INTO schema_migrations (version, name) VALUES (9, 'unknown')")
    #expect(try bench.upgrade().status == .skipped)
    #expect(!bench.exists("log"))
  }

  @Test func `hooks run around the upgrade and know which database it is`() throws {
    let dump = "echo $FLOTILLA_HOOK $FLOTILLA_STATUS $FLOTILLA_INSTALLATION_PATH >>LOG"
    hooks(before: "\(dump); test ! -e \(bench.backupPath)", after: "\(dump); test -e \(bench.backupPath)")
    let outcome = try bench.upgrade()
    #expect(outcome.status == .migrated)
    #expect(try log() == "before \(bench.path)\nafter migrated \(bench.path)\n")
    #expect(outcome.hooks.map(\.program) == ["/bin/sh", "/bin/sh"])
    let copy = try JSONDecoder().decode(Outcome.self, from: JSONEncoder().encode(outcome))
    #expect(copy == outcome)
  }

  @Test func `a look and a backup run no hook`() throws {
    hooks(before: "echo ran >LOG", after: "echo ran >LOG")
    let worker = try bench.worker()
    #expect(worker.inspect(bench.path).status == .pending)
    #expect(worker.backUp(bench.path, to: bench.backupPath).backup != nil)
    #expect(!bench.exists("log"))
  }
}
