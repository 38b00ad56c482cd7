internal import Compression
internal import FoundationEssentials
internal import Glibc
internal import SQLite
internal import SystemPackage
internal import Upgrade

/// The reports that came, in a SQLite file of the collector's own. It belongs to one thread at a time.
///
/// A report is there whole or not at all; once `add` returns, it outlives a power cut.
final class ReportStore {
  private let database: Connection
  private let keep: Int

  /// Opens the file, which is made where there is none yet, for this user only.
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

  /// The forms that the store has had. Versions 0 and 1 hold the same reports with less about them, so both are read
  /// anew into version 2; a new file needs nothing for version 1.
  private func prepareForm(_ path: String) throws {
    do {
      let forms = VersionedDatabase(steps: [{ _ in }, { _ in try self.makeVersion2(path) }])
      // Before anything is written to the file: one from a newer flotilla stays as it is.
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

  /// Reads a report of an earlier form anew.
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

  /// Whether a report is there.
  func has(_ id: String) throws -> Bool {
    try database.scalar("SELECT 1 FROM reports WHERE id = ?", [.text(id)]) != nil
  }

  /// Takes a report, piece by piece.
  ///
  /// - Parameters:
  ///   - id: what it is known by.
  ///   - coordinator: who sent it.
  ///   - date: now, in ISO 8601.
  ///   - content: gives the report's text to the closure that it gets, and returns the whole as gzip.
  /// - Returns: its fleet's name and its size, or nil where the text is no fleet report.
  /// - Throws: `SQLiteError` where the file doesn't take it, and what `content` throws; nothing of it is left then.
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
    // SQLite would not look behind a NUL.
    guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
      throw ReportSplitter.Malformed()
    }
    return text
  }

  private static func count(_ name: String) -> String {
    "CAST(ifnull(j ->> '$.summary.\(name)', 0) AS INTEGER)"
  }

  /// What lists show of the run, whatever its length.
  private static func beginning(_ name: String) -> String {
    "substr(CAST(j ->> '$.run.\(name)' AS TEXT), 1, 200)"
  }

  /// With more versions a report has no part in the history.
  private static let mostVersions = 1000

  /// Takes what is a fleet report, whatever else it may be; a field of another type becomes what SQLite makes of it.
  /// A report can't have ended after it came, whatever its sender's clock says: it would stay the latest.
  private static let insertReport = """
    INSERT INTO reports SELECT ?2, fleet, ?3, ?4,
      iif(ended <= ?4 AND ended GLOB '20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]*Z'
        AND length(ended) <= 30, ended, ?4),
      \(beginning("command")), \(beginning("result")), \(beginning("only")),
      CAST(j ->> ('$.summary.by_version."' || CAST(j ->> '$.migrations.latest' AS INTEGER) || '"') AS INTEGER),
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

  /// Whether an installation is JSON at all, and what a rollout counts of it.
  private static let readInstallation = """
    SELECT json_valid(j), iif(json_valid(j) AND json_type(j) = 'object', j ->> '$.wave', NULL),
      iif(json_valid(j) AND json_type(j) = 'object', j ->> '$.status', NULL)
    FROM (SELECT ?1 AS j)
    """

  /// Keeps no more reports than are to be kept: those that came last, so that none goes as it is acknowledged.
  private func forget(_ fleet: String, _ coordinator: String) throws {
    try database.execute(
      """
      DELETE FROM reports WHERE fleet = ?1 AND coordinator = ?2 AND id NOT IN
        (SELECT id FROM reports WHERE fleet = ?1 AND coordinator = ?2 ORDER BY rowid DESC LIMIT ?3)
      """, [.text(fleet), .text(coordinator), .integer(Int64(keep))])
  }

  /// Moves what the log holds into the file. Where that fails, it is done when the file is opened next.
  func rest() { _ = try? database.scalar("PRAGMA wal_checkpoint(TRUNCATE)") }
}

/// How many installations of each wave came to which status.
private struct WaveCounts {
  private var counts: [Int: [String: Int]] = [:]
  private static let mostWaves = 1000
  private static let statuses = Set(Status.allCases.map(\.rawValue))

  /// Counts an installation, if it is one of a wave.
  mutating func add(_ wave: Int64, status: String) {
    guard wave > 0, wave <= Self.mostWaves, Self.statuses.contains(status) else { return }
    counts[Int(wave), default: [:]][status, default: 0] += 1
  }

  /// Nil where there were no waves.
  var json: String? {
    guard !counts.isEmpty, let data = try? JSONEncoder().encode(counts) else { return nil }
    return String(decoding: data, as: UTF8.self)
  }
}

/// Why the collector can't do its work.
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
