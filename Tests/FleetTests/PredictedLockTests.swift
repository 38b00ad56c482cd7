import Testing
import Upgrade

@testable import Fleet

/// Which of a cohort's databases keeps its writers waiting longest.
@Suite struct PredictedLockTests {
  private func outcome(_ bytes: Int64?, isWAL: Bool?) -> Outcome {
    var outcome = Outcome(status: .pending)
    (outcome.bytes, outcome.isWAL) = (bytes, isWAL)
    return outcome
  }

  /// The prediction for databases of these sizes, of which the first was rehearsed.
  private func prediction(
    _ sizes: [(Int64?, isWAL: Bool?)], _ lock: RehearsedLock?
  ) throws -> PredictedLock? {
    var status = FleetStatus(count: sizes.count)
    let found = sizes.map { outcome($0, isWAL: $1) }
    let cohort = Cohort(found[0])
    // As a scan finds them, in any order.
    for index in sizes.indices.reversed() { status.put(found: found[index], Cohort(found[index]), at: index) }
    var tried = Outcome(status: .migrated)
    (tried.isWAL, tried.rehearsedLock) = (sizes[0].isWAL, lock)
    return CohortRehearsal(
      cohort: cohort, indices: Array(sizes.indices), tried: (0, tried),
      largest: status.largestDatabases(of: cohort)
    ).predictedLock
  }

  private let lock = RehearsedLock(bytes: 100, work: 1, backup: 10)

  @Test func `a smaller database outside WAL mode can be the one whose writers wait longest`() throws {
    let found = try #require(
      try prediction(
        [(100, isWAL: true), (900, isWAL: true), (200, isWAL: false), (150, isWAL: false)], lock))
    #expect(found.index == 2 && found.bytes == 200 && found.milliseconds == 22 && !found.isWAL)
    #expect(found.isAbove(.milliseconds(21)) && !found.isAbove(.milliseconds(22)))
    let other = try #require(
      try prediction([(100, isWAL: true), (9000, isWAL: true), (200, isWAL: false)], lock))
    #expect(other.index == 1 && other.milliseconds == 90 && other.isWAL)
  }

  @Test func `of equals it is the one that was rehearsed, and what has no size counts like that`() throws {
    let found = try #require(
      try prediction([(100, isWAL: false), (100, isWAL: false), (nil, isWAL: nil)], lock))
    #expect(found.index == 0 && found.milliseconds == 11)
  }

  @Test func `a database whose mode isn't known counts as outside WAL mode`() throws {
    let found = try #require(try prediction([(100, isWAL: true), (100, isWAL: nil)], lock))
    #expect(found.index == 1 && found.milliseconds == 11)
    let small = try #require(try prediction([(100, isWAL: true), (10, isWAL: false)], lock))
    #expect(small.index == 1 && small.milliseconds == 2)
  }

  @Test func `a rehearsal that failed predicts nothing`() throws {
    #expect(try prediction([(100, isWAL: true)], nil) == nil)
  }

  @Test func `half of the installations stayed within the median`() {
    var times = LockTimes()
    #expect(times.median == nil && times.longest == nil && times.count == 0)
    for (index, time) in [8.0, 2, 9, 1].enumerated() { times.note(time, at: index) }
    #expect(times.median == 2 && times.longest?.index == 2 && times.longest?.milliseconds == 9)
    times.note(0.3336, at: 4)
    #expect(times.median == 2 && times.count == 5)
  }
}
