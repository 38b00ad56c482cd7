public import Fleet
internal import FoundationEssentials
internal import Migrations
internal import Schema
internal import Upgrade

/// All that a report is made of. Installations come as a stream, never all at once.
public struct ReportContent {
  /// What the journal knows beyond one run.
  public struct Past: Sendable {
    /// Where the whole fleet stood after earlier runs, the earliest first.
    public let points: [FleetPoint]
    /// The latest rollout in waves.
    public let rollout: RolloutRecord?

    /// Puts it together.
    public init(points: [FleetPoint] = [], rollout: RolloutRecord? = nil) {
      self.points = points
      self.rollout = rollout
    }

    /// What a journal knows that came before a run.
    public init(_ journal: Journal, of run: RunID) throws {
      points = try journal.points(before: run)
      rollout = try journal.rollout(upTo: run)
    }
  }

  /// Hands over each installation's record, in the order of the inventory.
  public typealias Records = (_ body: (String) throws -> Void) throws -> Void

  /// The report without its installations, as JSON.
  let header: String
  /// What came before; read only by the formats that show it.
  let past: () throws -> Past
  let forEachRecord: Records

  /// Puts a report together.
  ///
  /// - Parameters:
  ///   - header: what `ReportHeader.json()` gave.
  ///   - past: what came before.
  ///   - records: hands over each installation's record as JSON; called more than once.
  public init(header: String, past: @escaping () throws -> Past, records: @escaping Records) {
    self.header = header
    self.past = past
    forEachRecord = records
  }

  func readHeader() throws -> ReportHeader { try ReportHeader(json: header) }

  func forEachInstallation(_ body: (ReportedInstallation) throws -> Void) throws {
    let decoder = JSONDecoder()
    try forEachRecord { try body(decoder.decode(ReportedInstallation.self, from: Data($0.utf8))) }
  }
}

/// One installation of a report, with what people and tables are shown of it.
struct ReportedInstallation: Decodable {
  let id: String
  let host: String?
  let path: String
  let groups: [String]
  let labels: [String: String]
  let wave: Int?
  let status: Status
  let versionBefore: MigrationVersion?
  let versionAfter: MigrationVersion?
  let applied: [AppliedMigration]
  let pending: [MigrationVersion]
  let backup: BackupRecord?
  let drift: [Difference]
  let error: Failure?
  let fingerprint: String?
  let milliseconds: [String: Double]
  let bytes: Int64?

  enum CodingKeys: String, CodingKey {
    case id, host, path, groups, labels, wave, status, applied, pending, backup, drift, error, fingerprint
    case milliseconds, bytes
    case versionBefore = "version_before"
    case versionAfter = "version_after"
  }

  /// Where it is: `path`, or `host:path`.
  var place: String { host.map { "\($0):\(path)" } ?? path }

  /// The differences that are more than remarks, those that one migration sums up left out.
  var shownDrift: [Difference] { drift.shown(all: false) }

  /// `region=eu`, sorted.
  var labelList: [String] { labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" } }
}

extension ReportedInstallation {
  /// Reads a record.
  init(json: String) throws { self = try JSONDecoder().decode(Self.self, from: Data(json.utf8)) }
}
