import BenchSupport
import Foundation
import Schema
import TestSupport
import Testing
import Upgrade

/// Installations of Ownprem: what an agent says of each is, field by field, what this process says.
@Suite(.ownThreads) struct OwnpremHostTests {
  /// A bench with Ownprem's migrations, and a copy of `database` in it.
  private func bench(_ place: Place, _ make: (TemporaryFolder) throws -> Void) throws -> RemoteBench {
    let bench = try RemoteBench(place)
    bench.inventory = Repository.root + "/inventory/ownprem"
    bench.options.ignored = [IgnoreRule("table store_*")].compactMap { $0 }
    try FileManager.default.removeItem(atPath: bench.path)
    try make(bench.folder)
    return bench
  }

  private func compare(_ make: (TemporaryFolder) throws -> Void) throws -> Outcome {
    let benches = try Place.allCases.map { try bench($0, make) }
    let found = try benches.map { try $0.worker().inspect($0.path).comparable($0) }
    #expect(found[0] == found[1])
    let done = try benches.map { try $0.upgrade() }
    #expect(try done[0].comparable(benches[0]) == done[1].comparable(benches[1]))
    let again = try benches.map { try $0.worker().inspect($0.path).comparable($0) }
    #expect(again[0] == again[1])
    #expect(try schema(benches[0].path) == schema(benches[1].path))
    return done[1]
  }

  /// The statements of the schema.
  private func schema(_ path: String) throws -> [String] {
    try Content.dump(path).filter { $0.contains("CREATE ") }
  }

  @Test(arguments: Repository.epochs + ["half-migrated", "drifted-6"])
  func `every epoch is upgraded on a host as it is here`(fixture: String) throws {
    // One template, so that dates and page layouts are the same.
    let template = try TemporaryFolder()
    try template.fixture(fixture, as: "db.sqlite")
    let outcome = try compare {
      try FileManager.default.copyItem(atPath: template.file("db.sqlite"), toPath: $0.file("db.sqlite"))
    }
    #expect([.migrated, .current, .failed].contains(outcome.status), "\(outcome)")
    if fixture == "half-migrated" { #expect(outcome.status == .migrated, "\(outcome)") }
  }

  @Test(.enabled(if: !Repository.corpus.isEmpty, "needs the real databases"), arguments: Repository.corpus)
  func `every real database is upgraded on a host as it is here`(path: String) throws {
    let outcome = try compare { folder in
      for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: path + suffix) {
        try FileManager.default.copyItem(atPath: path + suffix, toPath: folder.file("db.sqlite" + suffix))
      }
    }
    #expect(outcome.status == .migrated || outcome.status == .current, "\(outcome)")
  }
}
