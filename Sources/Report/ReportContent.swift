public import Fleet
internal import FoundationEssentials
internal import Migrations
internal import Schema
internal import Upgrade

/// The content of a report, independent of its format. Installations are a stream and never all in memory.
///
/// ```swift
/// let content = ReportContent(
///   header: try header.json(), past: { try ReportContent.Past(journal, of: run) },
///   records: { body in try journal.forEachRecord(of: run, body) })
/// try ReportWriter(content).write(as: .html, to: "report.html")
/// ```
///
/// The header comes from a ``ReportHeader``, the records from the journal or from a file. ``ReportWriter`` writes the
/// content in any ``ReportFormat``.
public struct ReportContent {
  /// What the journal knows about earlier runs.
  public struct Past: Sendable {
    /// The versions of the whole fleet after earlier runs, earliest first.
    public let points: [FleetPoint]
    /// The latest rollout in waves; nil if there is none.
    public let rollout: RolloutRecord?

    /// Creates a past from its values.
    public init(points: [FleetPoint] = [], rollout: RolloutRecord? = nil) {
      self.points = points
      self.rollout = rollout
    }

    /// Reads from a journal what came before a run.
    public init(_ journal: Journal, of run: RunID) throws {
      points = try journal.points(before: run)
      rollout = try journal.rollout(upTo: run)
    }
  }

  /// Calls `body` with the record of each installation as JSON, in the order of the inventory.
  public typealias Records = (_ body: (String) throws -> Void) throws -> Void

  /// The report without its installations, as JSON.
  let header: String
  /// Returns what came before; called only by the formats that show it.
  let past: () throws -> Past
  let forEachRecord: Records

  /// Creates the content of a report.
  ///
  /// - Parameters:
  ///   - header: the result of ``ReportHeader/json()``.
  ///   - past: returns what came before.
  ///   - records: calls its argument with each installation's record as JSON. It is called more than once.
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

/// One installation of a report, with the values that people and tables are shown.
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
  let lockedMilliseconds: Double?
  let bytes: Int64?

  enum CodingKeys: String, CodingKey {
    case id, host, path, groups, labels, wave, status, applied, pending, backup, drift, error, fingerprint
    case milliseconds, bytes
    case lockedMilliseconds = "locked_ms"
    case versionBefore = "version_before"
    case versionAfter = "version_after"
  }

  /// `path`, or `host:path`.
  var place: String { host.map { "\($0):\(path)" } ?? path }

  /// The differences without remarks, and without those that a finding of their migration summarizes.
  var shownDrift: [Difference] { drift.shown(all: false) }

  /// The labels as `region=eu`, sorted.
  var labelList: [String] { labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" } }
}

extension ReportedInstallation {
  /// Decodes a record.
  init(json: String) throws { self = try JSONDecoder().decode(Self.self, from: Data(json.utf8)) }
}
