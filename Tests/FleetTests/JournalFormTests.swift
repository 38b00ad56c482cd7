import Foundation
import Migrations
import SQLite
import Schema
import TestSupport
import Testing
import Upgrade

@testable import Fleet

/// Journals that another flotilla made: an earlier one, whose journal is upgraded, or a newer one.
@Suite struct JournalFormTests {
  private let folder: TemporaryFolder
  private let state: StateFolder

  init() throws {
    (folder, state) = try newStateFolder()
  }

  private static let first = """
    CREATE TABLE runs (
      id TEXT PRIMARY KEY, command TEXT NOT NULL, fleet TEXT NOT NULL, started_at TEXT NOT NULL,
      finished_at TEXT, result TEXT, header TEXT) STRICT;
    CREATE TABLE outcomes (
      run TEXT NOT NULL REFERENCES runs (id), place INTEGER NOT NULL, installation TEXT NOT NULL,
      status TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (run, place)) STRICT, WITHOUT ROWID;
    CREATE TABLE backups (
      run TEXT NOT NULL, installation TEXT NOT NULL, database TEXT NOT NULL, version INTEGER, path TEXT NOT NULL,
      bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (installation, run)) STRICT, WITHOUT ROWID;
    CREATE TABLE migrations (
      version INTEGER PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL, run TEXT NOT NULL) STRICT;
    INSERT INTO runs (id, command, fleet, started_at)
      VALUES ('01J00000000000000000000000', 'migrate', 'test', '2026-01-28T09:30:00Z');
    INSERT INTO outcomes VALUES ('01J00000000000000000000000', 0, 'berlin', 'migrated', '{}');
    INSERT INTO backups (run, installation, database, version, path, bytes, sha256)
      VALUES ('01J00000000000000000000000', 'berlin', '/db', 4, '/backup', 4096, 'x');
    INSERT INTO migrations VALUES (1, 'a', 'digest', '01J00000000000000000000000');
    """
  private static let hosts =
    "ALTER TABLE backups ADD COLUMN host TEXT; ALTER TABLE backups ADD COLUMN fetched TEXT;"
  private static let verdicts =
    "CREATE TABLE verdicts (installation TEXT PRIMARY KEY, findings TEXT NOT NULL) STRICT, WITHOUT ROWID;"
  private static let former = """
    CREATE TABLE former_migrations (
      version INTEGER NOT NULL, digest TEXT NOT NULL, run TEXT NOT NULL, until TEXT NOT NULL,
      PRIMARY KEY (version, until)) STRICT, WITHOUT ROWID;
    """
  /// Versions of migrations can be texts.
  private static let texts = """
    ALTER TABLE backups RENAME TO former_backups;
    CREATE TABLE backups (
      run TEXT NOT NULL, installation TEXT NOT NULL, database TEXT NOT NULL, version ANY, path TEXT NOT NULL,
      bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, host TEXT, fetched TEXT, PRIMARY KEY (installation, run))
      STRICT, WITHOUT ROWID;
    INSERT INTO backups SELECT * FROM former_backups;
    DROP TABLE former_backups;
    DROP TABLE migrations;
    CREATE TABLE migrations (
      version ANY PRIMARY KEY NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, run TEXT NOT NULL) STRICT;
    DROP TABLE former_migrations;
    CREATE TABLE former_migrations (
      version ANY NOT NULL, digest TEXT NOT NULL, run TEXT NOT NULL, until TEXT NOT NULL,
      PRIMARY KEY (version, until)) STRICT, WITHOUT ROWID;
    """
  /// In the order in which they were made.
  private static let forms = [
    first, first + verdicts, first + hosts, first + hosts + verdicts, first + hosts + verdicts + former,
    first + hosts + verdicts + former + "PRAGMA user_version = 1;",
    first + hosts + verdicts + former + texts + "PRAGMA user_version = 2;",
    first + hosts + verdicts + former + texts
      + "ALTER TABLE backups ADD COLUMN compressed INTEGER; PRAGMA user_version = 3;",
  ]

  private func version() throws -> Int64? {
    let database = try Connection(path: state.journal, access: .readOnly)
    defer { database.close() }
    return try database.scalar("PRAGMA user_version")?.integer
  }

  @Test(arguments: forms.indices)
  func `a journal of an earlier form is upgraded, and keeps what it had`(form: Int) throws {
    try folder.database("state/state.sqlite", "PRAGMA journal_mode=WAL;" + Self.forms[form])
    let journal = try Journal(state)
    #expect(try version() == 4)
    #expect(try journal.runs().map(\.counts) == [["migrated": 1]])
    let backup = try #require(try journal.backups().first)
    #expect(backup.host == nil && backup.fetched == nil && backup.version == 4)
    #expect(backup.record.bytes == 4096 && backup.record.compressedBytes == nil)
    _ = try journal.judge([("berlin", [])], isDeep: false, at: "2026-01-28T09:30:00Z")
    #expect(try journal.installationsWithOther(MigrationSet(files: folder)).isEmpty)
    let made = StateFolder(folder.file("new"))
    try made.create()
    _ = try Journal(made)
    #expect(try Self.columns(state.journal) == Self.columns(made.journal), "as one that is made now")
  }

  private static func columns(_ path: String) throws -> [String] {
    let database = try Connection(path: path, access: .readOnly)
    defer { database.close() }
    return try database.rows(
      """
      SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || c."notnull" FROM sqlite_schema m, pragma_table_info(m.name) c
      WHERE m.type = 'table' ORDER BY m.name, c.cid
      """
    ) { $0.text(0) ?? "" }
  }

  @Test func `a journal whose writer crashed is rolled back, then upgraded`() throws {
    let path = try folder.database("state/state.sqlite", "PRAGMA journal_mode=DELETE;" + Self.forms[4])
    let writer = try Connection(path: path, access: .readWrite)
    // The transaction doesn't fit into the cache, so that half of it is in the file.
    try writer.executeScript(
      """
      PRAGMA cache_size=2; BEGIN; DELETE FROM backups;
      INSERT INTO runs (id, command, fleet, started_at)
      WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 3000)
      SELECT hex(randomblob(50)), 'migrate', 'test', '' FROM c;
      """)
    let killed = StateFolder(folder.file("killed"))
    try FileManager.default.createDirectory(atPath: killed.path, withIntermediateDirectories: true)
    for ending in ["", "-journal"] {
      try FileManager.default.copyItem(atPath: path + ending, toPath: killed.journal + ending)
    }
    writer.rollback()
    writer.close()
    #expect(try Content.bytes(killed.journal).count > 100_000, "the writer must have written")
    let journal = try Journal(killed)
    #expect(try journal.runs().map(\.counts) == [["migrated": 1]])
    #expect(try journal.backups().count == 1)
  }

  @Test func `an upgrade that fails leaves the journal as it was`() throws {
    // Nothing can be added to a view.
    let path = try folder.database(
      "state/state.sqlite", "CREATE TABLE mine (x); CREATE VIEW backups AS SELECT x FROM mine")
    #expect(throws: StateError.self) { try Journal(state) }
    let database = try Connection(path: path, access: .readOnly)
    defer { database.close() }
    #expect(
      try database.rows("SELECT name FROM sqlite_schema ORDER BY 1") { $0.text(0) } == ["backups", "mine"])
    #expect(try database.scalar("PRAGMA user_version") == 0)
  }

  @Test(arguments: ["DELETE", "WAL"])
  func `a journal of a newer flotilla is refused, with what to do, and left byte for byte`(mode: String)
    throws
  {
    let path = try folder.database(
      "state/state.sqlite", "PRAGMA journal_mode=\(mode); CREATE TABLE later (x); PRAGMA user_version = 5")
    // A newer flotilla that was killed left a part of its journal in the log.
    let writer = try Connection(path: path, access: .readWrite)
    try writer.execute("INSERT INTO later VALUES (1)")
    let killed = folder.file("killed")
    try FileManager.default.createDirectory(atPath: killed, withIntermediateDirectories: true)
    for name in try FileManager.default.contentsOfDirectory(atPath: state.path)
    where name == "state.sqlite" || name == "state.sqlite-wal" {
      try FileManager.default.copyItem(atPath: "\(state.path)/\(name)", toPath: "\(killed)/\(name)")
    }
    writer.close()
    let left = StateFolder(killed)
    let files = [left.journal, left.journal + "-wal"].filter { FileManager.default.fileExists(atPath: $0) }
    #expect(files.count == (mode == "WAL" ? 2 : 1))
    let before = try files.map(Content.bytes)
    let error = #expect(throws: StateError.self) { try Journal(left) }
    #expect(
      error?.description.contains("written by a newer flotilla; use that, or another state folder") == true)
    #expect(try files.map(Content.bytes) == before)
  }
}

extension MigrationSet {
  fileprivate init(files folder: TemporaryFolder) throws {
    try folder.write("CREATE TABLE a (b);", to: "migrations/0001_a.sql")
    self = try MigrationSet.load(folder: folder.file("migrations"))
  }
}
