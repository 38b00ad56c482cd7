internal import FoundationEssentials
internal import Migrations
internal import SQLite
public import Schema
public import Upgrade

/// A backup that the journal has recorded.
public struct StoredBackup: Sendable {
  /// The run that made it.
  public let run: RunID
  /// The id of the installation.
  public let installation: String
  /// The host of the database; nil if it is on this machine.
  public let host: String?
  /// The database file that it was made from.
  public let database: String
  /// The version of the database in it; nil if it was untracked.
  public let version: MigrationVersion?
  /// Its location on the database's machine, its size and its digest.
  public internal(set) var record: BackupRecord
  /// The location of the copy on this machine; nil if it was not fetched from its host.
  public internal(set) var fetched: String?

  /// Where the database was: `HOST:PATH`, or a path on this machine.
  public var place: String { host.map { "\($0):\(database)" } ?? database }
  /// Where the backup is stored, in words for people.
  public var `where`: String {
    let destination = BackupDestinations.holding(record.path)
    let file = destination.stored(record.path, isCompressed: record.compressedBytes != nil)
    let path = host.map { "\($0):\(file)" } ?? file
    return fetched.map { "\(path) and \(BackupDestinations.holding($0).stored($0))" } ?? path
  }
}

extension Journal {
  /// Records a backup.
  func addBackup(_ backup: StoredBackup) {
    write { journal in
      try journal.database.execute(
        """
        INSERT OR REPLACE INTO backups
          (run, installation, database, version, path, bytes, sha256, host, fetched, compressed)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
          .text(backup.run.description), .text(backup.installation), .text(backup.database),
          backup.version.map(\.value) ?? .null, .text(backup.record.path),
          .integer(backup.record.bytes),
          .text(backup.record.sha256), backup.host.map(Value.text) ?? .null,
          backup.fetched.map(Value.text) ?? .null,
          backup.record.compressedBytes.map(Value.integer) ?? .null,
        ])
    }
  }

  /// All recorded backups, newest first within each installation.
  func backups() throws -> [StoredBackup] {
    try read { database in
      try database.rows(
        """
        SELECT run, installation, database, version, path, bytes, sha256, host, fetched, compressed FROM backups
        ORDER BY installation, run DESC
        """, [], Self.stored
      ).compactMap { $0 }
    }
  }

  private static func stored(_ row: Statement) -> StoredBackup? {
    guard let run = row.text(0).flatMap(RunID.init) else { return nil }
    return StoredBackup(
      run: run, installation: row.text(1) ?? "", host: row.text(7), database: row.text(2) ?? "",
      version: row.text(3).flatMap { MigrationVersion($0) },
      record: BackupRecord(
        path: row.text(4) ?? "", bytes: row.int(5), sha256: row.text(6) ?? "",
        compressedBytes: row.text(9).flatMap { Int64($0) }),
      fetched: row.text(8))
  }

  /// The locations of all recorded backups.
  func notedLocations() throws -> Set<String> {
    Set(try read { try $0.rows("SELECT path FROM backups") { $0.text(0) ?? "" } })
  }

  /// The runs that finished.
  func finishedRuns() throws -> Set<String> {
    Set(
      try read { database in
        try database.rows("SELECT id FROM runs WHERE finished_at IS NOT NULL") { $0.text(0) ?? "" }
      })
  }

  /// Records a run that the journal has lost. Its id gives the time; the rest is unknown.
  func noteRecovered(_ run: RunID) {
    met(run)
    let date = run.date.formatted(.iso8601)
    write { journal in
      try journal.database.execute(
        """
        INSERT OR IGNORE INTO runs (id, command, fleet, started_at, result)
        VALUES (?, 'unknown', '', ?, 'recovered')
        """, [.text(run.description), .text(date)])
    }
  }

  /// The runs for which a backup of an installation is recorded.
  func runsWithBackup(of installation: String) throws -> [String] {
    try read { database in
      try database.rows("SELECT run FROM backups WHERE installation = ?", [.text(installation)]) {
        $0.text(0) ?? ""
      }
    }
  }

  /// The latest runs before `run` that may have made backups.
  func runs(before run: RunID, limit: Int) throws -> [String] {
    try read { database in
      try database.rows(
        """
        SELECT id FROM runs WHERE id < ? AND command IN ('migrate', 'backup', 'restore') ORDER BY id DESC LIMIT ?
        """, [.text(run.description), .integer(Int64(limit))]
      ) { $0.text(0) ?? "" }
    }
  }

  /// The backups of an installation beyond the newest `keep`; the backup of `run` counts as the newest. Those that an
  /// open rollout has made are not among them: they are needed to take it back.
  func outdatedBackups(of installation: String, keep: Int, in run: RunID) throws -> [StoredBackup] {
    // The latest backup need not be saved for this: that would cost a sync for each installation.
    try readUnsaved { database in
      try database.rows(
        """
        SELECT run, installation, database, version, path, bytes, sha256, host, fetched, compressed FROM backups
        WHERE installation = ? AND run != ? AND run NOT IN (
          SELECT value FROM rollouts, json_each(content, '$.runs') WHERE is_open = 1)
        ORDER BY run DESC LIMIT -1 OFFSET ?
        """, [.text(installation), .text(run.description), .integer(Int64(max(1, keep) - 1))], Self.stored
      ).compactMap { $0 }
    }
  }

  /// Forgets backups that were removed.
  func forget(_ backups: [StoredBackup]) {
    guard !backups.isEmpty else { return }
    write { journal in
      for backup in backups {
        try journal.database.execute(
          "DELETE FROM backups WHERE installation = ? AND run = ?",
          [.text(backup.installation), .text(backup.run.description)])
      }
    }
  }
}
