internal import SQLite

extension Journal {
  /// The versions of the journal's schema. A step keeps the names and the order of the columns, so that an older
  /// flotilla that is still running when the journal is upgraded can continue to write.
  static var forms: VersionedDatabase {
    VersionedDatabase(steps: [makeVersion1, makeVersion2, makeVersion3, makeVersion4])
  }

  /// Creates version 1 in an empty file, and upgrades the four schemas from before the journal had version numbers:
  /// without `host` and `fetched`, without `former_migrations`, without `verdicts`, and with all of them.
  private static func makeVersion1(_ database: Connection) throws {
    try database.executeScript(version1)
    let known = try database.rows("SELECT name FROM pragma_table_info('backups')") { $0.text(0) ?? "" }
    for column in ["host", "fetched"] where !known.contains(column) {
      try database.execute("ALTER TABLE backups ADD COLUMN \(column) TEXT")
    }
  }

  /// Creates version 2, in which the version of a migration can also be a text.
  private static func makeVersion2(_ database: Connection) throws { try database.executeScript(version2) }

  /// Creates version 3, which knows how many bytes a compressed backup takes.
  private static func makeVersion3(_ database: Connection) throws {
    try database.execute("ALTER TABLE backups ADD COLUMN compressed INTEGER")
  }

  /// Creates version 4, which keeps rollouts that outlive their process.
  private static func makeVersion4(_ database: Connection) throws { try database.executeScript(version4) }

  private static let version4 = """
    CREATE TABLE rollouts (id TEXT PRIMARY KEY, is_open INTEGER NOT NULL, content TEXT NOT NULL) STRICT;
    CREATE TABLE rollout_members (
      rollout TEXT NOT NULL, installation TEXT NOT NULL, wave INTEGER NOT NULL, PRIMARY KEY (rollout, installation))
      STRICT, WITHOUT ROWID;
    CREATE TABLE rollout_decisions (
      rollout TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, wave INTEGER NOT NULL, by TEXT NOT NULL,
      because TEXT, at TEXT NOT NULL, PRIMARY KEY (rollout, number)) STRICT, WITHOUT ROWID;
    """

  private static let version2 = """
    ALTER TABLE backups RENAME TO former_backups;
    CREATE TABLE backups (
      run TEXT NOT NULL, installation TEXT NOT NULL, database TEXT NOT NULL, version ANY, path TEXT NOT NULL,
      bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, host TEXT, fetched TEXT, PRIMARY KEY (installation, run))
      STRICT, WITHOUT ROWID;
    INSERT INTO backups (run, installation, database, version, path, bytes, sha256, host, fetched)
      SELECT run, installation, database, version, path, bytes, sha256, host, fetched FROM former_backups;
    DROP TABLE former_backups;
    ALTER TABLE migrations RENAME TO earlier_migrations;
    CREATE TABLE migrations (
      version ANY PRIMARY KEY NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, run TEXT NOT NULL) STRICT;
    INSERT INTO migrations (version, name, digest, run) SELECT version, name, digest, run FROM earlier_migrations;
    DROP TABLE earlier_migrations;
    ALTER TABLE former_migrations RENAME TO earlier_migrations;
    CREATE TABLE former_migrations (
      version ANY NOT NULL, digest TEXT NOT NULL, run TEXT NOT NULL, until TEXT NOT NULL,
      PRIMARY KEY (version, until)) STRICT, WITHOUT ROWID;
    INSERT INTO former_migrations (version, digest, run, until)
      SELECT version, digest, run, until FROM earlier_migrations;
    DROP TABLE earlier_migrations;
    """

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
