internal import Glibc
public import Migrations
internal import SQLite

/// A backup file that was found, and that nobody may have noted.
///
/// A backup has its name only when it is whole, so one that is found is as good as one that was noted.
public struct FoundBackup: Hashable, Sendable, Codable {
  /// The name of the folder that it is in: the run that made it.
  public let run: String
  /// The version that it holds; nil where the database was untracked.
  public let version: Int64?
  /// The file.
  public let record: BackupRecord

  /// Describes the file at `path`.
  ///
  /// - Throws: what keeps it from being read as a database.
  public init(
    of run: String, reading path: String, _ history: any HistoryTable = SchemaMigrationsTable()
  ) throws {
    let database = try Connection(path: path, access: .immutable)
    defer { database.close() }
    self.run = run
    version = try history.read(database).version
    record = try BackupRecord(reading: path)
  }

  /// All files called `name` in the folders of `runs` in `folder`.
  static func all(_ name: String, in folder: String, of runs: [String]) -> [FoundBackup] {
    runs.filter { access("\(folder)/\($0)/\(name)", F_OK) == 0 }.compactMap { run in
      try? FoundBackup(of: run, reading: "\(folder)/\(run)/\(name)")
    }
  }
}
