internal import Basics
internal import Migrations
internal import SQLite

/// What every kind of upgrade does.
extension Inspector {
  /// Makes and checks a backup of a database while others may write; see ``SnapshotBackup``.
  ///
  /// - Parameters:
  ///   - database: the connection that will take the lock.
  ///   - file: the file as it was inspected.
  ///   - location: where to store the backup.
  ///   - check: how to check it.
  ///   - deadline: when to stop.
  /// - Returns: the backup, to be completed under the lock. The caller closes it.
  /// - Throws: `Failure` or `SQLiteError`; nothing is left behind.
  func snapshotBackup(
    of database: Connection, _ file: DatabaseFile, to location: String, _ check: BackupCheck,
    by deadline: Deadline
  ) throws -> SnapshotBackup {
    let backup = try SnapshotBackup(
      of: database, file, at: location,
      BackupWriter(check: check, busyTimeout: options.busyTimeout, deadline: deadline),
      onCopy: control.onCopy)
    do {
      try backup.prepare()
      return backup
    } catch {
      backup.close()
      throw error
    }
  }

  /// Reads the state of a database in a transaction of its own, which then ends.
  func readState(of database: Connection) throws -> State {
    try database.execute("BEGIN")
    defer { database.rollback() }
    return try state(of: database)
  }

  /// Upgrades one database with the files, or with the program that takes their place.
  ///
  /// - Parameters:
  ///   - path: the database.
  ///   - backup: the location of the backup; nil if the file is a copy itself.
  ///   - expected: the state that the database has to be in; nil for any.
  ///   - deadline: when to stop.
  /// - Returns: what was done, or why nothing was done.
  func upgrade(
    _ path: String, backup: String?, expecting expected: ExpectedState? = nil, by deadline: Deadline
  ) -> Outcome {
    guard let program = set.program else {
      let upgrade = Upgrade(self, path, backup: backup, deadline: deadline)
      upgrade.expected = expected
      return upgrade.run()
    }
    let upgrade = ProgramUpgrade(self, program, path, backup: backup, deadline: deadline)
    upgrade.expected = expected
    return upgrade.run()
  }
}
