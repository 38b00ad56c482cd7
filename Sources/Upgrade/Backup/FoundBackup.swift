public import Migrations
internal import SQLite
public import Schema

/// A backup that was found at its location, whether or not the journal has a record of it.
///
/// A backup appears at its location only when it is complete, so a found backup is as good as a recorded one.
public struct FoundBackup: Hashable, Sendable, Codable {
  /// The run that made the backup.
  public let run: String
  /// The version of the database in the backup; nil if the database was untracked.
  public let version: MigrationVersion?
  /// The backup's location, size and digest.
  public let record: BackupRecord

  /// Describes the backup at a location by reading it.
  ///
  /// - Parameters:
  ///   - run: the run that made the backup.
  ///   - location: the location of the backup.
  ///   - destination: the destination that contains the location.
  ///   - history: the table in which versions are recorded.
  /// - Throws: an error if the backup can't be read as a database.
  public init(
    of run: String, at location: String, in destination: any BackupDestination,
    _ history: any HistoryTable
  ) throws {
    self.run = run
    (version, record) = try destination.open(location) { file in
      let database = try Connection(path: file, access: .immutable)
      defer { database.close() }
      let digest = try FileDigest(file)
      return (
        try history.read(database).version,
        BackupRecord(
          path: location, bytes: digest.bytes, sha256: digest.sha256,
          compressedBytes: destination.compressedSize(location))
      )
    }
  }

  /// The backups called `name` that `runs` made in `destination`. Unreadable backups are left out.
  static func all(
    _ name: String, in destination: any BackupDestination, of runs: [String], _ history: any HistoryTable
  ) -> [FoundBackup] {
    runs.compactMap { run in
      let location = destination.location(run, name)
      return destination.has(location)
        ? try? FoundBackup(of: run, at: location, in: destination, history) : nil
    }
  }
}
