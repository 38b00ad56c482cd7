public import Fleet
internal import FoundationEssentials
public import Migrations
internal import Schema
internal import Upgrade

/// A fleet report without its installations: `flotilla.report/1`.
public struct ReportHeader: Codable {
  struct Run: Codable {
    let id: String
    let command: String
    let startedAt: String
    let finishedAt: String
    let result: String
    /// The pattern that the installations were selected by; nil for the whole fleet.
    let only: String?

    enum CodingKeys: String, CodingKey {
      case id, command, result, only
      case startedAt = "started_at"
      case finishedAt = "finished_at"
    }
  }

  struct Migrations: Codable {
    let count: Int
    let latest: MigrationVersion
    let digest: String
    /// Why they can't be used, where they can't: the numbers are those of an empty set then.
    let problem: String?
  }

  struct Cohort: Codable {
    let version: MigrationVersion?
    let fingerprint: String?
    var count: Int
    let drift: [Difference]

    enum CodingKeys: CodingKey { case version, fingerprint, count, drift }

    init(version: MigrationVersion?, fingerprint: String?, count: Int, drift: [Difference]) {
      (self.version, self.fingerprint, self.count, self.drift) = (version, fingerprint, count, drift)
    }

    init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      version = try fields.decodeIfPresent(MigrationVersion.self, forKey: .version)
      fingerprint = try fields.decodeIfPresent(String.self, forKey: .fingerprint)
      count = try fields.decode(Int.self, forKey: .count).limited
      drift = try fields.decode([Difference].self, forKey: .drift)
    }

    func encode(to encoder: any Encoder) throws {
      var fields = encoder.container(keyedBy: CodingKeys.self)
      try fields.encode(version, forKey: .version)
      try fields.encode(fingerprint, forKey: .fingerprint)
      try fields.encode(count, forKey: .count)
      try fields.encode(drift, forKey: .drift)
    }
  }

  /// A count of the summary, or the counts by version.
  enum Figure: Codable {
    case count(Int)
    case byVersion([String: Int])

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let count = try? container.decode(Int.self) {
        self = .count(count.limited)
      } else {
        self = .byVersion(try container.decode([String: Int].self).mapValues(\.limited))
      }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .count(let count): try container.encode(count)
      case .byVersion(let counts): try container.encode(counts)
      }
    }
  }

  let format: String
  let fleet: String
  let program: String
  let run: Run
  let migrations: Migrations
  let summary: [String: Figure]
  let waves: [PlannedWave]?
  let cohorts: [Cohort]
  let changes: DriftChanges?

  enum CodingKeys: String, CodingKey {
    case format, fleet, program, run, migrations, summary, waves, cohorts
    case changes = "drift_changes"
  }

  /// Sums up a run.
  ///
  /// - Parameters:
  ///   - fleet: the fleet's name.
  ///   - program: the program's name and version.
  ///   - run: id, command, and when it began and ended in ISO 8601, its result: `finished`, `stopped` or
  ///     `interrupted`, and the pattern that selected its installations, where there was one.
  ///   - set: the migrations.
  ///   - fleetStatus: where the installations stand at the end.
  ///   - waves: the waves of a rollout.
  ///   - changes: how the drift changed, where the run was a check for it.
  public init(
    fleet: String, program: String,
    run: (id: RunID, command: String, startedAt: String, finishedAt: String, result: String, only: String?),
    _ set: MigrationSet, _ fleetStatus: FleetStatus, waves: [Wave] = [], _ changes: DriftChanges? = nil
  ) {
    format = "flotilla.report/1"
    self.waves = waves.isEmpty ? nil : waves.map(PlannedWave.init)
    self.fleet = fleet
    self.changes = changes
    self.program = program
    self.run = Run(
      id: run.id.description, command: run.command, startedAt: run.startedAt, finishedAt: run.finishedAt,
      result: run.result, only: run.only)
    migrations = Migrations(
      count: set.migrations.count, latest: set.latest, digest: set.digest.description, problem: set.problem)
    let members = fleetStatus.members()
    var figures: [String: Figure] = [:]
    for status in Status.allCases {
      figures[status.rawValue] = .count(fleetStatus.count { $0.status == status })
    }
    figures["installations"] = .count(fleetStatus.count { _ in true })
    figures["drifted"] = .count(fleetStatus.count(where: \.isDrifted))
    var versions: [String: Int] = [:]
    var cohorts: [Cohort] = []
    for (cohort, indices) in members where cohort.fingerprint != nil {
      versions[cohort.version.map(String.init) ?? "untracked", default: 0] += indices.count
      let same = cohorts.firstIndex { $0.version == cohort.version && $0.fingerprint == cohort.fingerprint }
      if let same {
        cohorts[same].count += indices.count
      } else {
        cohorts.append(
          Cohort(
            version: cohort.version, fingerprint: cohort.fingerprint, count: indices.count,
            drift: cohort.drift))
      }
    }
    figures["by_version"] = .byVersion(versions)
    summary = figures
    self.cohorts = cohorts.sorted { $0.count > $1.count }
  }

  /// No fleet is on so many.
  private static let mostVersions = 10_000

  /// Reads a header; how the drift changed is left out.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    format = try fields.decode(String.self, forKey: .format)
    fleet = try fields.decode(String.self, forKey: .fleet)
    program = try fields.decode(String.self, forKey: .program)
    run = try fields.decode(Run.self, forKey: .run)
    migrations = try fields.decode(Migrations.self, forKey: .migrations)
    summary = try fields.decode([String: Figure].self, forKey: .summary)
    waves = try fields.decodeIfPresent([PlannedWave].self, forKey: .waves)
    cohorts = try fields.decode([Cohort].self, forKey: .cohorts)
    changes = nil
    if case .byVersion(let counts) = summary["by_version"], counts.count > Self.mostVersions {
      throw DecodingError.dataCorruptedError(
        forKey: .summary, in: fields, debugDescription: "more than \(Self.mostVersions) versions")
    }
  }

  /// Reads a header that stands by itself.
  init(json: String) throws { self = try JSONDecoder().decode(Self.self, from: Data(json.utf8)) }

  /// The header as one line of JSON, keys sorted.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}

extension Int {
  /// A count as it can be added to others: whoever sends a report may write any number.
  package var limited: Int { Swift.min(Swift.max(self, 0), 1_000_000_000) }
}

extension RolloutRecord {
  /// The rollout that a report is of; nil where it is of none.
  ///
  /// - Parameters:
  ///   - header: the report without its installations, as JSON.
  ///   - counts: by wave, how many of its installations came to which status.
  public init?(header: String, counts: [Int: [String: Int]]) {
    guard let header = try? ReportHeader(json: header), let waves = header.waves else { return nil }
    self.init(
      run: header.run.id, startedAt: header.run.startedAt, result: header.run.result, planned: waves,
      counts: counts)
  }
}
