import BenchSupport
import Foundation
import Remote
import TestSupport
import Testing
import Upgrade

@testable import Fleet

/// Who does the work.
enum Place: String, CaseIterable, Sendable, CustomTestStringConvertible {
  /// This process.
  case local
  /// An agent, through a real sshd.
  case ssh

  var testDescription: String { rawValue }
}

/// A bench whose worker is here or on a host.
@dynamicMemberLookup
final class RemoteBench {
  let bench: Bench
  let place: Place
  private var pool: HostPool?
  private var server: SSHServer?
  private var known: (any Worker)?

  /// Makes the database; `second` is the migration to version 2.
  init(_ place: Place, settings: String = "", second: String = Bench.rebuild) throws {
    self.place = place
    bench = try Bench(settings: settings)
    try bench.migration("0002_change.sql", second)
  }

  deinit { pool?.close() }

  /// What the bench has.
  subscript<Value>(dynamicMember member: ReferenceWritableKeyPath<Bench, Value>) -> Value {
    get { bench[keyPath: member] }
    set { bench[keyPath: member] = newValue }
  }

  /// What the bench has.
  subscript<Value>(dynamicMember member: KeyPath<Bench, Value>) -> Value { bench[keyPath: member] }

  var backupPath: String { bench.folder.file("backups/run/db.sqlite") }

  /// The worker; made at its first use.
  func worker() throws -> any Worker {
    if let known { return known }
    let worker: any Worker
    switch place {
    case .local: worker = try bench.worker()
    case .ssh:
      let server = try SSHServer(agent: Tool.buildFolder + "/flotilla-agent")
      self.server = server
      var settings = FleetFile.SSH()
      settings.options = ["-F", server.folder.file("ssh_config")]
      let agent = try AgentProgram(beside: Tool.buildFolder + "/flotilla")
      let hosts = HostPool(settings, agent, try bench.migrations(), bench.options)
      pool = hosts
      worker = hosts.worker(for: Host("127.0.0.1", port: server.port))
    }
    known = worker
    return worker
  }

  func upgrade() throws -> Outcome { try worker().upgrade(bench.path, backup: backupPath) }

  func exists(_ name: String) -> Bool { bench.exists(name) }

  /// What is left of backups, with their folders.
  var left: [String] {
    ((try? FileManager.default.subpathsOfDirectory(atPath: bench.folder.path)) ?? []).filter {
      $0.hasPrefix("backups")
    }
  }
}

extension Outcome {
  /// All its fields as JSON, without what differs from one run to the next: times, and the folder of the bench.
  func comparable(_ bench: RemoteBench) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    let text = String(decoding: try encoder.encode(self), as: UTF8.self)
    return text.replacing(bench.folder.path, with: "FOLDER")
      .replacing(/"(milliseconds|backup|migrate|total|locked_ms)" : [0-9.e-]+/) { "\"\($0.1)\" : TIME" }
  }
}
