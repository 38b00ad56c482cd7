public import Fleet
internal import FoundationEssentials
public import Migrations
internal import Schema
internal import Upgrade

/// A fleet report without its installations, in the format `flotilla.report/1`.
public struct ReportHeader: Codable {
  struct Run: Codable {
    let id: String
    let command: String
    let startedAt: String
    let finishedAt: String
    let result: String
    /// The pattern that selected the installations; nil for the whole fleet.
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
    /// Why the migrations can't be used; nil if they can. If they can't, the numbers are those of an empty set.
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

  /// One count of the summary, or the counts by version.
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
  /// Nil if no installation was locked, and in reports of earlier versions.
  let locked: ReportedLockTimes?
  /// Nil if no wave has a gate, and in reports of earlier versions.
  let rollout: ReportedRollout?

  enum CodingKeys: String, CodingKey {
    case format, fleet, program, run, migrations, summary, waves, cohorts, locked, rollout
    case changes = "drift_changes"
  }

  /// Summarizes a run.
  ///
  /// - Parameters:
  ///   - fleet: the name of the fleet.
  ///   - program: the program's name and version.
  ///   - run: its id and command; its start and end, in ISO 8601; its result, which is `finished`, `stopped` or
  ///     `interrupted`; and the pattern that selected its installations, or nil.
  ///   - set: the migrations.
  ///   - fleetStatus: the state of the installations at the end.
  ///   - waves: the waves of a rollout.
  ///   - changes: how the drift changed, if the run was a drift check.
  ///   - rollout: the rollout with gates that the run carried on.
  ///   - names: returns the id of the installation at an index of the inventory.
  public init(
    fleet: String, program: String,
    run: (id: RunID, command: String, startedAt: String, finishedAt: String, result: String, only: String?),
    _ set: MigrationSet, _ fleetStatus: FleetStatus, waves: [Wave] = [], _ changes: DriftChanges? = nil,
    rollout: StagedRollout? = nil, names: (Int) -> String
  ) {
    format = "flotilla.report/1"
    self.waves = waves.isEmpty ? nil : waves.map(PlannedWave.init)
    self.fleet = fleet
    self.changes = changes
    self.rollout = rollout.map(ReportedRollout.init)
    locked = ReportedLockTimes(fleetStatus.lockTimes, names: names)
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

  /// More versions than any fleet has.
  private static let mostVersions = 10_000

  /// Decodes a header, without the changes of the drift.
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
    rollout = try fields.decodeIfPresent(ReportedRollout.self, forKey: .rollout)
    locked = try fields.decodeIfPresent(ReportedLockTimes.self, forKey: .locked)
    if case .byVersion(let counts) = summary["by_version"], counts.count > Self.mostVersions {
      throw DecodingError.dataCorruptedError(
        forKey: .summary, in: fields, debugDescription: "more than \(Self.mostVersions) versions")
    }
  }

  /// Decodes a header from its own JSON text.
  init(json: String) throws { self = try JSONDecoder().decode(Self.self, from: Data(json.utf8)) }

  /// The header as one line of JSON with sorted keys.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}

extension Int {
  /// The number limited to 0…1,000,000,000, so that sums don't overflow: the sender of a report may write any number.
  package var limited: Int { Swift.min(Swift.max(self, 0), 1_000_000_000) }
}

extension RolloutRecord {
  /// The rollout that a report describes; nil if it describes none.
  ///
  /// - Parameters:
  ///   - header: the report without its installations, as JSON.
  ///   - counts: the number of installations by status, for each wave number.
  public init?(header: String, counts: [Int: [String: Int]]) {
    guard let header = try? ReportHeader(json: header), let waves = header.waves else { return nil }
    self.init(
      run: header.run.id, startedAt: header.run.startedAt, result: header.run.result, planned: waves,
      counts: counts)
  }
}
