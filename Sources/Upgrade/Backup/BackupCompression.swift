/// How backups are stored.
public enum BackupCompression: String, Sendable, CaseIterable, Codable {
  /// As databases, which any SQLite can open.
  case none
  /// Compressed with zstd, after the work on the database and its `after` hook.
  case zstd
}
