/// How backups are stored.
public enum BackupCompression: String, Sendable, CaseIterable, Codable {
  /// As databases, which any SQLite can open.
  case none
  /// Compressed with zstd, as soon as nobody waits for the database any more.
  case zstd
}

extension Outcome {
  /// Whether the backup is certainly equal to the database, so that it isn't kept: a migration failed at *migrate*,
  /// *record* or *prove*, and nothing was committed.
  public var hasNeedlessBackup: Bool {
    guard status == .failed, applied.isEmpty, isUnchanged, let step = failure?.step else { return false }
    return [.migrate, .record, .prove].contains(step)
  }
}
