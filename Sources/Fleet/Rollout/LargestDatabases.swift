internal import Upgrade

/// The largest databases of a cohort, for what depends on size. Modes other than WAL are apart, since there writers wait
/// for backups.
public struct LargestDatabases: Sendable {
  /// A database: its index in the inventory, and its size in bytes.
  public typealias Database = (index: Int, bytes: Int64)

  /// The largest one in WAL mode; nil if there is none.
  public private(set) var inWAL: Database?
  /// The largest one in the other modes, or whose mode isn't known; nil if there is none.
  public private(set) var outsideWAL: Database?

  /// Creates it without a database.
  public init() {}

  /// The largest of all.
  public var largest: Database? {
    [inWAL, outsideWAL].compactMap { $0 }.max { ($0.bytes, $1.index) < ($1.bytes, $0.index) }
  }

  /// Adds the database at an index of the inventory.
  mutating func add(_ outcome: Outcome, at index: Int) {
    guard let bytes = outcome.bytes else { return }
    func isLarger(_ other: Database?) -> Bool { other.map { ($0.bytes, index) < (bytes, $0.index) } ?? true }
    if outcome.isWAL == true {
      if isLarger(inWAL) { inWAL = (index, bytes) }
    } else if isLarger(outsideWAL) {
      outsideWAL = (index, bytes)
    }
  }
}
