internal import Basics
internal import SQLite

/// How long the application's writers had to wait: the longest of several times.
extension Outcome {
  /// Counts the time under the write lock, and the time for which writers waited for the copying before it.
  ///
  /// - Parameters:
  ///   - start: when the lock was taken; nil if it wasn't.
  ///   - end: when it was given back.
  ///   - backup: the backup; nil if there is none.
  mutating func count(
    lockedSince start: ContinuousClock.Instant?, until end: ContinuousClock.Instant = .now,
    copying backup: SnapshotBackup?
  ) {
    guard let start else { return }
    lockedMilliseconds = max((end - start).milliseconds, backup?.copyingMilliseconds ?? 0)
  }

  /// Counts the time that `work` takes, in which it reads the whole file. In WAL mode nobody waits for that.
  mutating func countingWait<T>(outsideWAL file: DatabaseFile, _ work: () throws -> T) rethrows -> T {
    let start = ContinuousClock.now
    defer {
      let time = (ContinuousClock.now - start).milliseconds
      if !file.isWAL { lockedMilliseconds = max(lockedMilliseconds ?? 0, time) }
    }
    return try work()
  }
}
