internal import SQLite

extension Journal {
  /// The versions of the journal's schema. A step only adds to it, so that an older flotilla that is still running
  /// when the journal is upgraded can continue to write.
  static var forms: VersionedDatabase { VersionedDatabase(steps: [makeVersion1]) }

  /// Creates version 1 in an empty file, and upgrades the four schemas from before the journal had version numbers:
  /// without `host` and `fetched`, without `former_migrations`, without `verdicts`, and with all of them.
  private static func makeVersion1(_ database: Connection) throws {
    try database.executeScript(version1)
    let known = try database.rows("SELECT name FROM pragma_table_info('backups')") { $0.text(0) ?? "" }
    for column in ["host", "fetched"] where !known.contains(column) {
      try database.execute("ALTER TABLE backups ADD COLUMN \(column) TEXT")
    }
  }

  private static let version1 = """
    CREATE TABLE IF NOT EXISTS runs (
      id TEXT PRIMARY KEY, command TEXT NOT NULL, fleet TEXT NOT NULL, started_at TEXT NOT NULL,
      finished_at TEXT, result TEXT, header TEXT) STRICT;
    CREATE TABLE IF NOT EXISTS outcomes (
      run TEXT NOT NULL REFERENCES runs (id), place INTEGER NOT NULL, installation TEXT NOT NULL,
      status TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (run, place)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS backups (
      run TEXT NOT NULL, installation TEXT NOT NULL, database TEXT NOT NULL, version INTEGER, path TEXT NOT NULL,
      bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (installation, run)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS migrations (
      version INTEGER PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL, run TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS former_migrations (
      version INTEGER NOT NULL, digest TEXT NOT NULL, run TEXT NOT NULL, until TEXT NOT NULL,
      PRIMARY KEY (version, until)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS verdicts (
      installation TEXT PRIMARY KEY, findings TEXT NOT NULL) STRICT, WITHOUT ROWID;
    """
}
