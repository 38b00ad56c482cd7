internal import Compression
internal import FoundationEssentials
internal import Glibc
internal import SQLite
internal import SystemPackage
internal import Upgrade

/// The received reports, in a SQLite file of the collector. It is used by one thread at a time.
///
/// ```swift
/// let store = try ReportStore(path: "reports.sqlite", keep: 100)
/// let added = try store.add(id, from: "berlin", at: "2026-01-31T12:00:00Z") { take in
///   try take(text[...])
///   return try GzipCompressor.compress(text)
/// }
/// ```
///
/// A report is either complete or absent. Once `add` returns, it survives a power cut. A ``Collector`` writes to the
/// store, a ``ReportReader`` reads from it.
final class ReportStore {
  private let database: Connection
  private let keep: Int

  /// Opens the file. If it doesn't exist, it is created for this user only.
  init(path: String, keep: Int) throws {
    let file = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw CollectError(path, "can't be written", errno) }
    close(file)
    self.keep = keep
    database = try Connection(path: path, access: .readWrite)
    try prepareForm(path)
    _ = try database.scalar("PRAGMA journal_mode=WAL")
    try database.execute("PRAGMA synchronous=FULL")
  }

  private static let createReports = """
    CREATE TABLE reports (
      id TEXT PRIMARY KEY, fleet TEXT NOT NULL, coordinator TEXT NOT NULL, received_at TEXT NOT NULL,
      finished_at TEXT NOT NULL, command TEXT, result TEXT, selection TEXT, on_latest INTEGER,
      installations INTEGER, failed INTEGER, unreachable INTEGER, drifted INTEGER, by_version TEXT NOT NULL,
      waves TEXT, head TEXT NOT NULL, bytes INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
    CREATE INDEX reports_by_fleet ON reports (fleet, coordinator, finished_at, id);
    """

  /// The versions of the store's schema. Versions 0 and 1 have the same reports with fewer columns, so both are
  /// parsed again into version 2. A new file needs no step to version 1.
  private func prepareForm(_ path: String) throws {
    do {
      let forms = VersionedDatabase(steps: [{ _ in }, { _ in try self.makeVersion2(path) }])
      // This comes before any write, so that a file from a newer flotilla stays unchanged.
      try forms.check(path)
      try forms.upgrade(database)
    } catch let newer as NewerVersion {
      throw CollectError(path, newer)
    }
  }

  private func makeVersion2(_ path: String) throws {
    let columns = try database.rows("SELECT name FROM pragma_table_info('reports')") { $0.text(0) ?? "" }
    let isEmpty = try database.scalar("SELECT 1 FROM sqlite_schema") == nil
    guard isEmpty || Set(["id", "coordinator", "received_at", "latest", "body"]).isSubset(of: columns) else {
      throw CollectError("the store \(path) is not one that this version of flotilla made")
    }
    guard !isEmpty else { return try database.executeScript(Self.createReports) }
    try database.executeScript(
      "DROP INDEX reports_by_fleet; ALTER TABLE reports RENAME TO old_reports;\(Self.createReports)")
    let ids = try database.rows("SELECT id FROM old_reports ORDER BY rowid") { $0.text(0) ?? "" }
    for id in ids { try takeOver(id, path) }
    try database.executeScript("DROP TABLE old_reports; DROP TABLE IF EXISTS installations")
  }

  /// Parses a report of an earlier version of the store again.
  private func takeOver(_ id: String, _ path: String) throws {
    let rows = try database.rows(
      "SELECT coordinator, received_at, body FROM old_reports WHERE id = ?", [.text(id)]
    ) { (coordinator: $0.text(0) ?? "", date: $0.text(1) ?? "", body: $0.value(2)) }
    guard let row = rows.first, case .blob(let body) = row.body else { return }
    do {
      _ = try insert(id, row.coordinator, row.date) { take in
        let expander = try GzipExpander(limit: .max)
        for start in stride(from: 0, to: body.count, by: 1 << 16) {
          try take(try expander.add(body[start..<min(start + 1 << 16, body.count)])[...])
        }
        try expander.finish()
        return body
      }
    } catch is ReportSplitter.Malformed {
      throw CollectError(
        "the store \(path) is of an earlier form, and its report \(id) can't be taken over; nothing was changed: delete "
          + "that report, or use another store")
    }
  }

  /// Whether the store has a report with this id.
  func has(_ id: String) throws -> Bool {
    try database.scalar("SELECT 1 FROM reports WHERE id = ?", [.text(id)]) != nil
  }

  /// Adds a report, piece by piece.
  ///
  /// - Parameters:
  ///   - id: the id of the report.
  ///   - coordinator: the name of the sender.
  ///   - date: the current time, in ISO 8601.
  ///   - content: passes the report's text to its argument in pieces, and returns the whole text as gzip.
  /// - Returns: the name of the fleet and the size of the text, or nil if the text isn't a fleet report.
  /// - Throws: `SQLiteError` if the file can't be written; what `content` throws. Nothing of the report is stored
  ///   then.
  func add(
    _ id: String, from coordinator: String, at date: String,
    _ content: ((ArraySlice<UInt8>) throws -> Void) throws -> [UInt8]
  ) throws -> (fleet: String, bytes: Int)? {
    do {
      return try database.transaction { try insert(id, coordinator, date, content) }
    } catch is ReportSplitter.Malformed {
      return nil
    }
  }

  private func insert(
    _ id: String, _ coordinator: String, _ date: String,
    _ content: ((ArraySlice<UInt8>) throws -> Void) throws -> [UInt8]
  ) throws -> (fleet: String, bytes: Int) {
    var splitter = ReportSplitter()
    var waves = WaveCounts()
    let body = try content { piece in
      try splitter.add(piece) { installation in
        let read = try database.rows(Self.readInstallation, [.text(try Self.text(installation))]) { row in
          (isJSON: row.int(0) == 1, wave: row.int(1), status: row.text(2) ?? "")
        }
        guard let read = read.first, read.isJSON else { throw ReportSplitter.Malformed() }
        waves.add(read.wave, status: read.status)
      }
    }
    let head = try Self.text(splitter.head)
    guard try database.scalar("SELECT json_valid(?)", [.text(head)])?.isTrue == true else {
      throw ReportSplitter.Malformed()
    }
    try database.execute(
      Self.insertReport,
      [
        .text(head), .text(id), .text(coordinator), .text(date), waves.json.map { .text($0) } ?? .null,
        .integer(Int64(splitter.count)), .blob(body),
      ])
    guard database.changes == 1,
      let fleet = try database.scalar("SELECT fleet FROM reports WHERE id = ?", [.text(id)])?.text
    else { throw ReportSplitter.Malformed() }
    try forget(fleet, coordinator)
    return (fleet, splitter.count)
  }

  private static func text(_ bytes: [UInt8]) throws -> String {
    // SQLite ignores everything after a NUL.
    guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
      throw ReportSplitter.Malformed()
    }
    return text
  }

  private static func count(_ name: String) -> String {
    "CAST(ifnull(j ->> '$.summary.\(name)', 0) AS INTEGER)"
  }

  /// A value of the run for lists, cut to 200 characters.
  private static func beginning(_ name: String) -> String {
    "substr(CAST(j ->> '$.run.\(name)' AS TEXT), 1, 200)"
  }

  /// A report with more versions than this is left out of the history.
  private static let mostVersions = 1000

  /// Accepts any fleet report, whatever else it contains; SQLite converts fields of other types. The end of the run
  /// can't be later than the arrival, whatever the sender's clock says: otherwise the report would stay the latest.
  private static let insertReport = """
    INSERT INTO reports SELECT ?2, fleet, ?3, ?4,
      iif(ended <= ?4 AND ended GLOB '20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]*Z'
        AND length(ended) <= 30, ended, ?4),
      \(beginning("command")), \(beginning("result")), \(beginning("only")),
      (SELECT CAST(value AS INTEGER) FROM json_each(j, '$.summary.by_version')
        WHERE key = CAST(j ->> '$.migrations.latest' AS TEXT) LIMIT 1),
      \(count("installations")), \(count("failed")), \(count("unreachable")), \(count("drifted")),
      iif(json_type(j, '$.summary.by_version') = 'object'
          AND (SELECT count(*) FROM json_each(j, '$.summary.by_version')) <= \(mostVersions),
        j -> '$.summary.by_version', '{}'), ?5, j, ?6, ?7
    FROM (SELECT ?1 AS j, ?1 ->> '$.fleet' AS fleet, ?1 ->> '$.run.finished_at' AS ended)
    WHERE j ->> '$.format' = 'flotilla.report/1' AND json_type(j, '$.fleet') = 'text'
      AND length(fleet) BETWEEN 1 AND 200 AND length(j -> '$.fleet') <= 1200 AND fleet NOT IN ('.', '..')
      AND instr(j -> '$.fleet', '\\u0000') = 0
      AND json_type(j, '$.run.finished_at') = 'text'
      AND json_type(j, '$.installations') = 'array'
    """

  /// Whether an installation is JSON, and its wave and status for the rollout.
  private static let readInstallation = """
    SELECT json_valid(j), iif(json_valid(j) AND json_type(j) = 'object', j ->> '$.wave', NULL),
      iif(json_valid(j) AND json_type(j) = 'object', j ->> '$.status', NULL)
    FROM (SELECT ?1 AS j)
    """

  /// Removes all but the `keep` reports that arrived last, so that no report is removed while it is acknowledged.
  private func forget(_ fleet: String, _ coordinator: String) throws {
    try database.execute(
      """
      DELETE FROM reports WHERE fleet = ?1 AND coordinator = ?2 AND id NOT IN
        (SELECT id FROM reports WHERE fleet = ?1 AND coordinator = ?2 ORDER BY rowid DESC LIMIT ?3)
      """, [.text(fleet), .text(coordinator), .integer(Int64(keep))])
  }

  /// Checkpoints the log into the file. If that fails, it happens when the file is opened next.
  func rest() { _ = try? database.scalar("PRAGMA wal_checkpoint(TRUNCATE)") }
}

/// The number of installations by status, for each wave.
private struct WaveCounts {
  private var counts: [Int: [String: Int]] = [:]
  private static let mostWaves = 1000
  private static let statuses = Set(Status.allCases.map(\.rawValue))

  /// Counts an installation if it belongs to a wave.
  mutating func add(_ wave: Int64, status: String) {
    guard wave > 0, wave <= Self.mostWaves, Self.statuses.contains(status) else { return }
    counts[Int(wave), default: [:]][status, default: 0] += 1
  }

  /// The counts as JSON; nil if there were no waves.
  var json: String? {
    guard !counts.isEmpty, let data = try? JSONEncoder().encode(counts) else { return nil }
    return String(decoding: data, as: UTF8.self)
  }
}

/// Why the collector can't work.
public struct CollectError: Error, Sendable, CustomStringConvertible {
  /// One sentence for the user.
  public let description: String

  init(_ description: String) { self.description = description }

  init(_ path: String, _ newer: NewerVersion) {
    self.init(
      "the store \(path) has version \(newer.found), and this flotilla knows \(newer.known): it was written by a newer "
        + "flotilla; use that, or another store")
  }

  init(_ path: String, _ what: String, _ code: Int32) {
    self.init("the store \(path) \(what): \(Errno(rawValue: code))")
  }
}
