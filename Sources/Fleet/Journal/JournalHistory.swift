internal import FoundationEssentials
internal import SQLite

/// The versions of the whole fleet at the end of one run.
public struct FleetPoint: Hashable, Sendable {
  /// The id of the run.
  public let run: String
  /// When it ended, in ISO 8601.
  public let date: String
  /// The number of installations in the fleet.
  public let installations: Int
  /// The number of installations by version.
  public let byVersion: [String: Int]

  /// Creates a point from its values.
  public init(run: String, date: String, installations: Int, byVersion: [String: Int]) {
    self.run = run
    self.date = date
    self.installations = installations
    self.byVersion = byVersion
  }
}

/// How far the waves of one `migrate` got.
public struct RolloutRecord: Hashable, Sendable {
  /// One wave.
  public struct WaveRecord: Hashable, Sendable {
    /// The number, from 1.
    public let number: Int
    /// The item of the fleet file that defines it.
    public let name: String
    /// The number of its installations.
    public let installations: Int
    /// The number of installations by status. Installations that were not started aren't counted.
    public let counts: [String: Int]

    /// Creates a wave from its values.
    public init(number: Int, name: String, installations: Int, counts: [String: Int]) {
      self.number = number
      self.name = name
      self.installations = installations
      self.counts = counts
    }
  }

  /// The id of the run.
  public let run: String
  /// When it began, in ISO 8601.
  public let startedAt: String
  /// `finished`, `stopped` or `interrupted`.
  public let result: String
  /// The waves, in order.
  public let waves: [WaveRecord]

  /// Creates a rollout from its values.
  public init(run: String, startedAt: String, result: String, waves: [WaveRecord]) {
    self.run = run
    self.startedAt = startedAt
    self.result = result
    self.waves = waves
  }

  /// Creates a rollout from its plan. `counts` has the number of installations by status, for each wave number.
  public init(
    run: String, startedAt: String, result: String, planned: [PlannedWave], counts: [Int: [String: Int]]
  ) {
    let waves = planned.map {
      WaveRecord(
        number: $0.number, name: $0.name, installations: max(0, $0.installations),
        counts: counts[$0.number] ?? [:])
    }
    self.init(run: run, startedAt: startedAt, result: result, waves: waves)
  }
}

extension Journal {
  /// A past run and its report without the installations.
  ///
  /// - Parameter id: the run, or nil for the latest that has a report.
  /// - Returns: nil if there is no such run. The header is nil if the run never finished.
  /// - Throws: `StateError` if the journal can't be read.
  public func header(of id: RunID?) throws -> (id: RunID, header: String?)? {
    let rows = try read { database in
      try database.rows(
        "SELECT id, header FROM runs WHERE id = ?1 OR ?1 IS NULL AND header IS NOT NULL ORDER BY id DESC LIMIT 1",
        [id.map { .text($0.description) } ?? .null]
      ) { ($0.text(0).flatMap(RunID.init), $0.text(1)) }
    }
    return rows.first.flatMap { row in row.0.map { ($0, row.1) } }
  }

  /// The versions of the whole fleet at the end of each run before `run`, earliest first.
  ///
  /// Interrupted runs and runs over a selection are left out, since they don't cover the whole fleet.
  public func points(before run: RunID) throws -> [FleetPoint] {
    let sql = """
      SELECT id, finished_at, json_extract(header, '$.summary.installations'),
        json_extract(header, '$.summary.by_version')
      FROM runs
      WHERE id < ? AND result IN ('finished', 'stopped') AND finished_at IS NOT NULL AND json_valid(header)
        AND json_extract(header, '$.run.only') IS NULL
      ORDER BY id
      """
    return try read { database in
      try database.rows(sql, [.text(run.description)]) { row in
        FleetPoint(
          run: row.text(0) ?? "", date: row.text(1) ?? "", installations: Int(row.int(2)),
          byVersion: Self.counts(row.text(3)))
      }
    }
  }

  /// The latest rollout in waves, up to and including `run`; nil if there is none.
  public func rollout(upTo run: RunID) throws -> RolloutRecord? {
    let found = try read { database in
      try database.rows(
        """
        SELECT id, started_at, result, json_extract(header, '$.waves') FROM runs
        WHERE id <= ? AND command = 'migrate' AND json_valid(header) AND json_array_length(header, '$.waves') > 0
        ORDER BY id DESC LIMIT 1
        """, [.text(run.description)]
      ) { row in (0..<4).map { row.text($0) ?? "" } }
    }
    guard let row = found.first else { return nil }
    let planned = try JSONDecoder().decode([PlannedWave].self, from: Data(row[3].utf8))
    var counts: [Int: [String: Int]] = [:]
    let reached = try read { database in
      try database.rows(
        "SELECT json_extract(record, '$.wave') AS wave, status, count(*) FROM outcomes WHERE run = ? GROUP BY 1, 2",
        [.text(row[0])]
      ) { (Int($0.int(0)), $0.text(1) ?? "", Int($0.int(2))) }
    }
    for (wave, status, count) in reached { counts[wave, default: [:]][status] = count }
    return RolloutRecord(run: row[0], startedAt: row[1], result: row[2], planned: planned, counts: counts)
  }

  private static func counts(_ json: String?) -> [String: Int] {
    guard let json else { return [:] }
    return (try? JSONDecoder().decode([String: Int].self, from: Data(json.utf8))) ?? [:]
  }
}

/// A wave in the header of a report.
public struct PlannedWave: Hashable, Sendable, Codable {
  /// The number, from 1.
  public let number: Int
  /// The item of the fleet file that defines it.
  public let name: String
  /// The number of its installations.
  public let installations: Int

  /// Creates the header's form of a wave.
  public init(_ wave: Wave) {
    number = wave.number
    name = wave.name
    installations = wave.indices.count
  }
}
