/// What the rehearsal of an upgrade tells about how long the application's writers would have to wait.
///
/// ```swift
/// if let lock = worker.rehearse(path, in: folder).rehearsedLock {
///   print(lock.milliseconds(bytes: 2_000_000_000, isWAL: true))
/// }
/// ```
///
/// Not included are waiting for locks of others, what other load on the machine costs, and what has to be done under
/// the lock for a backup because of its size (up to 2 MB it is compared there) or because the application went on
/// writing while it was copied.
public struct RehearsedLock: Hashable, Sendable, Codable {
  /// The size of the rehearsed copy, in bytes.
  public let bytes: Int64
  /// How long the copy was locked, in milliseconds: for the migrations, the proof and the commit.
  public let work: Double
  /// How long writers would have to wait for the backup of a database of this size outside WAL mode, in milliseconds.
  public let backup: Double

  /// Creates it from its figures.
  public init(bytes: Int64, work: Double, backup: Double) {
    (self.bytes, self.work, self.backup) = (bytes, work, backup)
  }

  /// Predicts how long writers of a database would have to wait.
  ///
  /// - Parameters:
  ///   - bytes: the size of the database. The work grows with it, but isn't taken to be less for a database that is
  ///     smaller than the rehearsed copy: what the migrations touch needn't be smaller.
  ///   - isWAL: whether it is in WAL mode, where nobody waits for a backup.
  /// - Returns: the time in milliseconds.
  public func milliseconds(bytes: Int64, isWAL: Bool) -> Double {
    let scale = Double(bytes) / Double(max(1, self.bytes))
    return work * max(1, scale) + (isWAL ? 0 : backup * scale)
  }
}
