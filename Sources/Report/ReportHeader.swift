public import Fleet
internal import FoundationEssentials
public import Migrations
internal import Schema
internal import Upgrade

/// A fleet report without its installations: `flotilla.report/1`.
public struct ReportHeader: Encodable {
  struct Run: Encodable {
    let id: String
    let command: String
    let startedAt: String
    let finishedAt: String
    let result: String

    enum CodingKeys: String, CodingKey {
      case id, command, result
      case startedAt = "started_at"
      case finishedAt = "finished_at"
    }
  }

  struct Migrations: Encodable {
    let count: Int
    let latest: Int64
    let digest: String
  }

  struct Cohort: Encodable {
    let version: Int64?
    let fingerprint: String?
    var count: Int
    let drift: [Difference]

    enum CodingKeys: CodingKey { case version, fingerprint, count, drift }

    func encode(to encoder: any Encoder) throws {
      var fields = encoder.container(keyedBy: CodingKeys.self)
      try fields.encode(version, forKey: .version)
      try fields.encode(fingerprint, forKey: .fingerprint)
      try fields.encode(count, forKey: .count)
      try fields.encode(drift, forKey: .drift)
    }
  }

  /// A count of the summary, or the counts by version.
  enum Figure: Encodable {
    case count(Int)
    case byVersion([String: Int])

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .count(let count): try container.encode(count)
      case .byVersion(let counts): try container.encode(counts)
      }
    }
  }

  let format = "flotilla.report/1"
  let fleet: String
  let program: String
  let run: Run
  let migrations: Migrations
  let summary: [String: Figure]
  let cohorts: [Cohort]
  let changes: DriftChanges?

  enum CodingKeys: String, CodingKey {
    case format, fleet, program, run, migrations, summary, cohorts
    case changes = "drift_changes"
  }

  /// Sums up a run.
  ///
  /// - Parameters:
  ///   - fleet: the fleet's name.
  ///   - program: the program's name and version.
  ///   - run: id, command, and when it began and ended in ISO 8601, and its result: `finished`, `stopped` or
  ///     `interrupted`.
  ///   - set: the migrations.
  ///   - standing: where the installations stand at the end.
  ///   - changes: how the drift changed, where the run was a check for it.
  public init(
    fleet: String, program: String,
    run: (id: RunID, command: String, startedAt: String, finishedAt: String, result: String),
    _ set: MigrationSet, _ standing: Standing, _ changes: DriftChanges? = nil
  ) {
    self.fleet = fleet
    self.changes = changes
    self.program = program
    self.run = Run(
      id: run.id.description, command: run.command, startedAt: run.startedAt, finishedAt: run.finishedAt,
      result: run.result)
    migrations = Migrations(
      count: set.migrations.count, latest: set.latest, digest: set.digest.description)
    let members = standing.members()
    var figures: [String: Figure] = [:]
    for status in Status.allCases {
      figures[status.rawValue] = .count(standing.count { $0.status == status })
    }
    figures["installations"] = .count(standing.count { _ in true })
    figures["drifted"] = .count(standing.count(where: \.isDrifted))
    var versions: [String: Int] = [:]
    var cohorts: [Cohort] = []
    for (cohort, positions) in members where cohort.fingerprint != nil {
      versions[cohort.version.map(String.init) ?? "untracked", default: 0] += positions.count
      let same = cohorts.firstIndex { $0.version == cohort.version && $0.fingerprint == cohort.fingerprint }
      if let same {
        cohorts[same].count += positions.count
      } else {
        cohorts.append(
          Cohort(
            version: cohort.version, fingerprint: cohort.fingerprint, count: positions.count,
            drift: cohort.drift))
      }
    }
    figures["by_version"] = .byVersion(versions)
    summary = figures
    self.cohorts = cohorts.sorted { $0.count > $1.count }
  }

  /// The header as one line of JSON, keys sorted.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}
