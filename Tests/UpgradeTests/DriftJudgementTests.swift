import BenchSupport
import Foundation
import Migrations
import SQLite
import Schema
import TestSupport
import Testing

@testable import Upgrade

/// What is said about histories, data and layout, and that nothing is said of a sound installation.
@Suite struct DriftJudgementTests {
  @Test func `the half-migrated installation is one finding of version 6 with each object`() throws {
    let found = try OwnpremBench(fixture: "half-migrated").differences()
    let summaries = found.filter(\.isSummary)
    #expect(summaries.map(\.kind) == [.presentNotRecorded])
    #expect(summaries.first?.version == 6)
    #expect(summaries.first?.actual == "column refresh_tokens.family_id")
    #expect(
      summaries.first?.expected == "column refresh_tokens.issued_at, index idx_refresh_tokens_family")
    #expect(found.filter { $0.version == 6 && !$0.isSummary }.map(\.object) == ["refresh_tokens.family_id"])
    #expect(found.filter { $0.version == nil }.allSatisfy { $0.kind == .missing(.index) }, "\(found)")
  }

  @Test func `a version that is recorded without its work is one finding with each object`() throws {
    let found = try OwnpremBench(fixture: "drifted-6").differences()
    let summary = try #require(found.first { $0.kind == .recordedNotPresent })
    #expect(summary.version == 6)
    #expect(summary.expected == "column refresh_tokens.issued_at, index idx_refresh_tokens_family")
    #expect(summary.actual == "column refresh_tokens.family_id")
    #expect(
      found.filter { $0.version == 6 && !$0.isSummary }.map(\.object)
        == ["refresh_tokens.issued_at", "idx_refresh_tokens_family"])
    #expect(found.filter(\.isSummary).count == 1, "\(found)")
  }

  @Test(arguments: Repository.epochs)
  func `every epoch has no drift after its upgrade and the schema of a fresh installation`(
    epoch: String
  ) throws {
    let bench = try OwnpremBench(fixture: epoch)
    let worker = try OwnpremBench.worker { $0.showsLayout = false }
    let outcome = worker.upgrade(bench.path, backup: bench.folder.file("backup.sqlite"))
    #expect(outcome.status == .migrated, "\(outcome.failure?.description ?? "")")
    #expect(outcome.drift == [])
    let now = worker.inspect(bench.path)
    #expect(now.drift == [])
    #expect(now.fingerprint == (try worker.inspector.expectedSchema.freshSchema()?.fingerprint.description))
  }

  @Test func `columns in another order are told only when asked for`() throws {
    let change = Alteration(
      harmless: "servers",
      [("host TEXT,", ""), ("updated_at TIMESTAMP", "host TEXT,\n updated_at TIMESTAMP")])
    let bench = try OwnpremBench(change.apply)
    let plain = try OwnpremBench.worker().inspect(bench.path)
    let shown = try OwnpremBench.worker { $0.showsLayout = true }.inspect(bench.path)
    #expect(plain.drift == [])
    #expect(shown.fingerprint == plain.fingerprint)
    let layout = try #require(shown.drift.first { $0.object == "servers" })
    #expect(layout.kind == .layout && layout.severity == .info)
    #expect(layout.actual?.contains("created_at, host, updated_at") == true)
    #expect(layout.expected?.hasPrefix("id, name, host, ") == true)
  }

  @Test func `an installation that is ahead is skipped and told with the unknown versions`() throws {
    let bench = try OwnpremBench({
      $0 + "INSERT INTO schema_migrations (version, name) VALUES (10, 'a'), (11, 'b'); DROP TABLE mounts;"
    })
    let outcome = try OwnpremBench.worker().inspect(bench.path)
    #expect(outcome.status == .skipped)
    #expect(outcome.drift.map(\.kind) == [.historyAhead, .historyAhead])
    #expect(outcome.drift.map(\.version) == [10, 11])
    #expect(outcome.drift.map(\.actual) == ["a", "b"])
  }

  @Test func `what is ignored is counted, a table once`() throws {
    let bench = try OwnpremBench({
      $0 + "CREATE TABLE store_more (a UNIQUE, b CHECK (b > 0)); CREATE INDEX i ON store_more (b);"
    })
    let other = try OwnpremBench()
    let plain = try OwnpremBench.worker().inspect(other.path).ignored
    #expect(try OwnpremBench.worker().inspect(bench.path).ignored == plain + 1)
    #expect(try OwnpremBench.worker { $0.ignored = [] }.inspect(bench.path).ignored == 0)
    let rules = ["column users.*", "index idx_users*"].compactMap { IgnoreRule($0) }
    #expect(try OwnpremBench.worker { $0.ignored = rules }.inspect(bench.path).ignored == 10)
  }

  @Test func `installations that are alike are judged once`() throws {
    let worker = try OwnpremBench.worker()
    let bench = try OwnpremBench({ $0 + "DROP TABLE mounts;" })
    let rows = "INSERT INTO audit_log (action) VALUES ('x');"
    for count in 0..<20 {
      let path = bench.folder.file("\(count).sqlite")
      try FileManager.default.copyItem(atPath: bench.path, toPath: path)
      try Bench.change(path, rows)
      #expect(worker.inspect(path).drift.map(\.object) == ["mounts"])
    }
    #expect(worker.inspector.states.judged == 1)
    try Bench.change(bench.path, "UPDATE schema_migrations SET name = 'other' WHERE version = 2")
    #expect(worker.inspect(bench.path).drift.map(\.object) == ["2", "mounts"])
    try Bench.change(
      bench.path, "UPDATE schema_migrations SET applied_at = '2039-01-01 00:00:00' WHERE version = 4")
    #expect(worker.inspect(bench.path).drift.map(\.object) == ["4", "2", "mounts"])
    #expect(worker.inspector.states.judged == 3)
  }

  @Test func `rows that refer to nothing are counted by child and parent when asked for`() throws {
    let bench = try OwnpremBench({
      $0 + """
        INSERT INTO proxy_routes (id, deployment_id, path, upstream) VALUES ('a', 'x', 'a', ''), ('b', 'x', 'b', '');
        INSERT INTO secrets (deployment_id, data) VALUES ('x', '');
        """
    })
    #expect(try bench.differences() == [])
    let found = try bench.differences { $0.deep = true }
    #expect(found.map(\.kind) == [.foreignKeyViolations, .foreignKeyViolations])
    #expect(found.map(\.object) == ["proxy_routes → deployments", "secrets → deployments"])
    #expect(found.map(\.actual) == ["2", "1"])
  }

  @Test func `a damaged index is told with its table when asked for`() throws {
    let bench = try OwnpremBench({
      $0 + "INSERT INTO audit_log (action, user_id) VALUES ('marker-a', 'u'), ('marker-b', 'u');"
    })
    // In the index the value differs from the row's.
    var bytes = try Content.bytes(bench.path)
    let marker = Array("marker-b".utf8)
    let places = bytes.indices.filter { bytes[$0...].starts(with: marker) }
    #expect(places.count == 2)
    bytes[try #require(places.last)] = UInt8(ascii: "n")
    try Data(bytes).write(to: URL(filePath: bench.path))
    #expect(try bench.differences() == [])
    let found = try bench.differences { $0.deep = true }
    #expect(found.map(\.kind) == [.integrity])
    #expect(found.first?.object == "audit_log", "\(found)")
    #expect(found.first?.actual?.contains("finding") == true)
  }

  @Test func `a gap over which the migrations don't run is told as one`() throws {
    let bench = try Bench(
      more: "CREATE TABLE a (x); ALTER TABLE a ADD COLUMN y;"
        + "INSERT INTO schema_migrations (version, name) VALUES (3, 'add_y');")
    try bench.migration("0002_create_a.sql", "CREATE TABLE a (x);")
    try bench.migration("0003_add_y.sql", "ALTER TABLE a ADD COLUMN y;")
    let outcome = try bench.worker().inspect(bench.path)
    #expect(outcome.failure == nil)
    #expect(outcome.drift.map(\.kind) == [.historyGap])
    #expect(outcome.drift.first?.expected == "create_a")
  }
}
