/// How long the application's writers had to wait for the work on each of some installations.
///
/// ```swift
/// if let longest = fleetStatus.lockTimes.longest { print(longest.index, longest.milliseconds) }
/// ```
///
/// ``FleetStatus`` has those of a run.
public struct LockTimes: Sendable {
  /// In milliseconds. There can be one for each installation of a large fleet.
  private var times: [Float] = []
  /// The longest time, in milliseconds, and the index of its installation in the inventory; nil if none was locked.
  public private(set) var longest: (index: Int, milliseconds: Double)?

  /// Creates an empty list.
  public init() {}

  /// How many installations were locked.
  public var count: Int { times.count }

  /// Half of the installations were locked for this long at most, in milliseconds; nil if none was locked.
  public var median: Double? {
    times.isEmpty ? nil : Double(times.sorted()[(times.count - 1) / 2]).toMicroseconds
  }

  /// Adds the time of the installation at an index of the inventory.
  mutating func note(_ milliseconds: Double, at index: Int) {
    times.append(Float(milliseconds))
    if milliseconds > longest?.milliseconds ?? -1 { longest = (index, milliseconds.toMicroseconds) }
  }
}
