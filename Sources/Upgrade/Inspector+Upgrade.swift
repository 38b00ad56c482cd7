internal import Basics
internal import Migrations
internal import SQLite

/// What every kind of upgrade does.
extension Inspector {
  /// Makes the backup before a database is changed, unless the options do without.
  ///
  /// - Parameters:
  ///   - access: how to open the file once more.
  ///   - database: a connection to the database, while this process holds the write lock.
  ///   - file: the file as it was inspected.
  ///   - backup: the location of the backup; nil if the file is a copy itself.
  ///   - deadline: when to stop.
  ///   - outcome: gets the record of the backup, and how long it took.
  /// - Throws: `Failure` or `SQLiteError`.
  func backUp(
    _ access: Connection.Access, _ database: Connection, _ file: DatabaseFile, to backup: String?,
    by deadline: Deadline, _ outcome: inout Outcome
  ) throws {
    guard let backup, options.check != .none else { return }
    let start = ContinuousClock.now
    let writer = BackupWriter(check: options.check, busyTimeout: options.busyTimeout, deadline: deadline)
    outcome.backup = try writer.write(
      access, to: backup, in: BackupDestinations.holding(backup), owner: file, comparing: database)
    outcome.milliseconds["backup"] = (ContinuousClock.now - start).milliseconds
  }

  /// Upgrades one database with the files, or with the program that takes their place.
  ///
  /// - Parameters:
  ///   - path: the database.
  ///   - backup: the location of the backup; nil if the file is a copy itself.
  ///   - deadline: when to stop.
  /// - Returns: what was done, or why nothing was done.
  func upgrade(_ path: String, backup: String?, by deadline: Deadline) -> Outcome {
    guard let program = set.program else {
      return Upgrade(self, path, backup: backup, deadline: deadline).run()
    }
    return ProgramUpgrade(self, program, path, backup: backup, deadline: deadline).run()
  }
}
