public import Migrations
internal import SQLite
public import Schema

/// A backup that was found, and that nobody may have noted.
///
/// A backup is at its location only when it is whole, so one that is found is as good as one that was noted.
public struct FoundBackup: Hashable, Sendable, Codable {
  /// The run that made it.
  public let run: String
  /// The version that it holds; nil where the database was untracked.
  public let version: MigrationVersion?
  /// Its location, size and digest.
  public let record: BackupRecord

  /// Describes the backup at a location.
  ///
  /// - Parameters:
  ///   - run: the run that made it.
  ///   - location: where it is.
  ///   - destination: what the location is in.
  ///   - history: where its version is recorded.
  /// - Throws: what keeps it from being read as a database.
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
        BackupRecord(path: location, bytes: digest.bytes, sha256: digest.sha256)
      )
    }
  }

  /// The backups called `name` that `runs` have in `destination`; one that can't be read is left out.
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
