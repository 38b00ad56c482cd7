internal import Compression
internal import Glibc
internal import SQLite

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
    _ = try database.scalar("PRAGMA journal_mode=WAL")
    try database.execute("PRAGMA synchronous=FULL")
    try database.executeScript(Self.schema)
  }

  private static let schema = """
    CREATE TABLE IF NOT EXISTS reports (
      id TEXT PRIMARY KEY, fleet TEXT NOT NULL, coordinator TEXT NOT NULL, received_at TEXT NOT NULL,
      finished_at TEXT NOT NULL, command TEXT, result TEXT, program TEXT, latest INTEGER,
      installations INTEGER, migrated INTEGER, current INTEGER, pending INTEGER, failed INTEGER,
      unreachable INTEGER, skipped INTEGER, drifted INTEGER, by_version TEXT NOT NULL,
      bytes INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS reports_by_fleet ON reports (fleet, coordinator, finished_at, id);
    CREATE TABLE IF NOT EXISTS installations (
      report TEXT NOT NULL, place INTEGER NOT NULL, id TEXT, host TEXT, status TEXT, version INTEGER, error TEXT,
      PRIMARY KEY (report, place)) STRICT, WITHOUT ROWID;
    """

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
    var place: Int64 = 0
    guard let statement = try database.prepare(Self.insertInstallation) else {
      throw ReportSplitter.Malformed()
    }
    let body = try content { piece in
      try splitter.add(piece) { installation in
        try statement.bind([.text(try json(installation)), .text(id), .integer(place)])
        try statement.run()
        place += 1
      }
    }
    let head = try json(splitter.head)
    try database.execute(
      Self.insertReport,
      [.text(head), .text(id), .text(coordinator), .text(date), .integer(Int64(splitter.count)), .blob(body)])
    guard database.changes == 1,
      let fleet = try database.scalar("SELECT fleet FROM reports WHERE id = ?", [.text(id)])?.text
    else { throw ReportSplitter.Malformed() }
    try forget(fleet, coordinator)
    return (fleet, splitter.count)
  }

  /// A part of a report as text, if it is JSON.
  private func json(_ bytes: [UInt8]) throws -> String {
    guard let text = String(validating: bytes, as: UTF8.self),
      try database.scalar("SELECT json_valid(?)", [.text(text)])?.isTrue == true
    else { throw ReportSplitter.Malformed() }
    return text
  }

  private static func count(_ name: String) -> String {
    "CAST(ifnull(j ->> '$.summary.\(name)', 0) AS INTEGER)"
  }

  /// Takes what is a fleet report, whatever else it may be; a field of another type becomes what SQLite makes of it.
  private static let insertReport = """
    INSERT INTO reports SELECT ?2, j ->> '$.fleet', ?3, ?4, CAST(j ->> '$.run.finished_at' AS TEXT),
      CAST(j ->> '$.run.command' AS TEXT), CAST(j ->> '$.run.result' AS TEXT), CAST(j ->> '$.program' AS TEXT),
      CAST(j ->> '$.migrations.latest' AS INTEGER), \(count("installations")), \(count("migrated")),
      \(count("current")), \(count("pending")), \(count("failed")), \(count("unreachable")), \(count("skipped")),
      \(count("drifted")),
      iif(json_type(j, '$.summary.by_version') = 'object', j -> '$.summary.by_version', '{}'), ?5, ?6
    FROM (SELECT ?1 AS j)
    WHERE j ->> '$.format' = 'flotilla.report/1' AND json_type(j, '$.fleet') = 'text'
      AND length(j ->> '$.fleet') BETWEEN 1 AND 200 AND json_type(j, '$.run.finished_at') = 'text'
      AND json_type(j, '$.installations') = 'array'
    """

  private static let insertInstallation = """
    INSERT INTO installations SELECT ?2, ?3, CAST(j ->> '$.id' AS TEXT), CAST(j ->> '$.host' AS TEXT),
      CAST(j ->> '$.status' AS TEXT),
      CAST(ifnull(j ->> '$.version_after', j ->> '$.version_before') AS INTEGER),
      CAST(j ->> '$.error.message' AS TEXT)
    FROM (SELECT ?1 AS j) WHERE json_type(j) = 'object'
    """

  private func latest(_ fleet: String, _ coordinator: String) throws -> String? {
    try database.scalar(
      """
      SELECT id FROM reports WHERE fleet = ? AND coordinator = ? ORDER BY finished_at DESC, id DESC LIMIT 1
      """, [.text(fleet), .text(coordinator)])?.text
  }

  /// Keeps the installations of the latest report alone, and no more reports than are to be kept.
  private func forget(_ fleet: String, _ coordinator: String) throws {
    let latest = try latest(fleet, coordinator) ?? ""
    let whose: [Value] = [.text(fleet), .text(coordinator)]
    try database.execute(
      """
      DELETE FROM installations WHERE report IN
        (SELECT id FROM reports WHERE fleet = ? AND coordinator = ? AND id <> ?)
      """, whose + [.text(latest)])
    try database.execute(
      """
      DELETE FROM reports WHERE fleet = ?1 AND coordinator = ?2 AND id NOT IN
        (SELECT id FROM reports WHERE fleet = ?1 AND coordinator = ?2 ORDER BY finished_at DESC, id DESC LIMIT ?3)
      """, whose + [.integer(Int64(keep))])
  }

  /// A report as gzip; nil where there is none.
  func body(_ id: String) throws -> [UInt8]? {
    let value = try database.scalar("SELECT body FROM reports WHERE id = ?", [.text(id)])
    guard case .blob(let bytes) = value else { return nil }
    return bytes
  }

  /// Moves what the log holds into the file. Where that fails, it is done when the file is opened next.
  func rest() { _ = try? database.scalar("PRAGMA wal_checkpoint(TRUNCATE)") }

  /// Rows of the store, for pages.
  func rows<T>(_ sql: String, _ values: [Value] = [], _ transform: (Statement) -> T) throws -> [T] {
    try database.rows(sql, values, transform)
  }
}

/// Why the collector can't do its work.
public struct CollectError: Error, Sendable, CustomStringConvertible {
  /// One sentence for the user.
  public let description: String

  init(_ path: String, _ what: String, _ code: Int32) {
    let cause = strerror(code).map { ": " + String(cString: $0) } ?? ""
    description = "the store \(path) \(what)\(cause)"
  }
}
