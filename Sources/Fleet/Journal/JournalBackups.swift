internal import Basics
internal import Glibc
internal import SQLite
internal import Schema
public import Upgrade

/// A backup that the journal knows.
public struct StoredBackup: Sendable {
  /// The run that made it.
  public let run: RunID
  /// The installation that it is of.
  public let installation: String
  /// The host of the database; nil for this machine.
  public let host: String?
  /// The database file that it was made from.
  public let database: String
  /// The version that it holds; nil where the database was untracked.
  public let version: Int64?
  /// The file, on the database's machine.
  public let record: BackupRecord
  /// The copy of it here, where it was fetched from its host.
  public let fetched: String?

  /// Where the database was, as `HOST:PATH` or a path of this machine.
  public var place: String { host.map { "\($0):\(database)" } ?? database }
  /// Where the backup is, for people.
  public var `where`: String {
    let path = host.map { "\($0):\(record.path)" } ?? record.path
    return fetched.map { "\(path) and \($0)" } ?? path
  }
}

extension Journal {
  /// Notes a backup, and removes those of the same installation that are older than the newest `keep`, if given; never
  /// the one that is noted.
  func addBackup(_ backup: StoredBackup, keep: Int?) {
    write { journal in
      try journal.database.execute(
        """
        INSERT OR REPLACE INTO backups
          (run, installation, database, version, path, bytes, sha256, host, fetched)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
          .text(backup.run.description), .text(backup.installation), .text(backup.database),
          backup.version.map(Value.integer) ?? .null, .text(backup.record.path),
          .integer(backup.record.bytes),
          .text(backup.record.sha256), backup.host.map(Value.text) ?? .null,
          backup.fetched.map(Value.text) ?? .null,
        ])
      guard let keep else { return }
      let old = try journal.database.rows(
        """
        SELECT run, path FROM backups WHERE installation = ? AND run != ? ORDER BY run DESC LIMIT -1 OFFSET ?
        """,
        [
          .text(backup.installation), .text(backup.run.description), .integer(Int64(max(1, keep) - 1)),
        ]
      ) { row in (run: row.text(0) ?? "", path: row.text(1) ?? "") }
      for entry in old {
        unlink(entry.path)
        // The run's folder goes with its last backup; it can't go before.
        rmdir(parentFolder(of: entry.path))
        try journal.database.execute(
          "DELETE FROM backups WHERE installation = ? AND run = ?",
          [.text(backup.installation), .text(entry.run)])
      }
    }
  }

  /// All backups whose files are there, the latest first within each installation.
  public func backups(of run: RunID? = nil) throws -> [StoredBackup] {
    try read { database in
      try database.rows(
        """
        SELECT run, installation, database, version, path, bytes, sha256, host, fetched FROM backups
        WHERE run = coalesce(?, run) ORDER BY installation, run DESC
        """, [run.map { .text($0.description) } ?? .null], Self.stored
      ).compactMap { $0 }
    }
  }

  private static func stored(_ row: Statement) -> StoredBackup? {
    let isThere = { (path: String) in access(path, F_OK) == 0 }
    let (path, host) = (row.text(4) ?? "", row.text(7))
    guard let run = row.text(0).flatMap(RunID.init), host != nil || isThere(path) else { return nil }
    return StoredBackup(
      run: run, installation: row.text(1) ?? "", host: host, database: row.text(2) ?? "",
      version: row.text(3).flatMap { Int64($0) },
      record: BackupRecord(path: path, bytes: row.int(5), sha256: row.text(6) ?? ""),
      fetched: row.text(8).flatMap { isThere($0) ? $0 : nil })
  }

  /// The runs of which a backup of an installation is noted.
  func runsWithBackup(of installation: String) throws -> [String] {
    try read { database in
      try database.rows("SELECT run FROM backups WHERE installation = ?", [.text(installation)]) {
        $0.text(0) ?? ""
      }
    }
  }

  /// The latest runs before one that may have made backups.
  func runs(before run: RunID, limit: Int) throws -> [String] {
    try read { database in
      try database.rows(
        """
        SELECT id FROM runs WHERE id < ? AND command IN ('migrate', 'backup', 'restore') ORDER BY id DESC LIMIT ?
        """, [.text(run.description), .integer(Int64(limit))]
      ) { $0.text(0) ?? "" }
    }
  }

  /// The backups of an installation that are older than the newest `keep`, that of `run` counted as the newest.
  func outdatedBackups(of installation: String, keep: Int, in run: RunID) throws -> [StoredBackup] {
    try read { database in
      try database.rows(
        """
        SELECT run, installation, database, version, path, bytes, sha256, host, fetched FROM backups
        WHERE installation = ? AND run != ? ORDER BY run DESC LIMIT -1 OFFSET ?
        """, [.text(installation), .text(run.description), .integer(Int64(max(1, keep) - 1))], Self.stored
      ).compactMap { $0 }
    }
  }

  /// Forgets backups whose files are removed.
  func forget(_ backups: [StoredBackup]) {
    write { journal in
      for backup in backups {
        try journal.database.execute(
          "DELETE FROM backups WHERE installation = ? AND run = ?",
          [.text(backup.installation), .text(backup.run.description)])
      }
    }
  }
}
