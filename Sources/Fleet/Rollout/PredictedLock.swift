internal import Basics
internal import Upgrade

/// The installation of a cohort whose writers would have to wait longest for its upgrade, and how long.
public struct PredictedLock: Sendable {
  /// The index of the installation in the inventory.
  public let index: Int
  /// Its size in bytes.
  public let bytes: Int64
  /// Whether it is in WAL mode.
  public let isWAL: Bool
  /// How long writers would have to wait, in milliseconds.
  public let milliseconds: Double

  /// Whether that is longer than `limit`.
  public func isAbove(_ limit: Duration) -> Bool { milliseconds > limit.milliseconds }
}

extension CohortRehearsal {
  /// The longest time for which writers of one of its installations would have to wait; nil if the rehearsal failed.
  public var predictedLock: PredictedLock? {
    guard let lock = tried.outcome.rehearsedLock else { return nil }
    // What was rehearsed counts, too: it can have grown since the scan, or have more in its log.
    let own = (index: tried.index, bytes: lock.bytes)
    let databases =
      [(own, tried.outcome.isWAL == true)]
      + [(largest.inWAL, true), (largest.outsideWAL, false)].compactMap { database, isWAL in
        database.map { ($0, isWAL) }
      }
    let all = databases.map { database, isWAL in
      PredictedLock(
        index: database.index, bytes: database.bytes, isWAL: isWAL,
        milliseconds: lock.milliseconds(bytes: database.bytes, isWAL: isWAL))
    }
    // The first of equals: what was rehearsed.
    return all.dropFirst().reduce(all.first) { $1.milliseconds > $0?.milliseconds ?? 0 ? $1 : $0 }
  }
}
