public import Schema

/// One migration as a database records it.
public struct RecordedMigration: Hashable, Sendable {
  /// The version.
  public let version: MigrationVersion
  /// The name; that of the file where the history table has no names.
  public let name: String
  /// The time of recording in seconds since 1970; nil if it is unknown.
  public let time: Int64?
  /// The checksum of the file, in the form that ``HistoryTable/checksum(of:)`` returns; nil if none is recorded.
  public let checksum: String?
  /// Why the migration may be half done, for people; nil if it was applied completely.
  public let unfinished: String?

  /// Creates a record.
  public init(
    _ version: MigrationVersion, _ name: String, time: Int64? = nil, checksum: String? = nil,
    unfinished: String? = nil
  ) {
    self.version = version
    self.name = name
    self.time = time
    self.checksum = checksum
    self.unfinished = unfinished
  }
}
