internal import Synchronization
public import Upgrade

/// Keeps what a scan finds, for a plan.
public final class PlanRecorder: RunObserver {
  private let found = Mutex<
    (installations: [String: PlannedInstallation], histories: Set<[RecordedVersion]>)
  >(
    ([:], []))

  /// Creates a recorder that has seen nothing.
  public init() {}

  /// See ``RunObserver``.
  public func began(_ wave: Wave, of count: Int) {}

  /// See ``RunObserver``.
  public func finished(_ installation: Installation, _ outcome: Outcome) {
    found.withLock { found in
      var outcome = outcome
      // Most installations have one of a few histories, of which one copy is kept.
      outcome.history = outcome.history.map { found.histories.insert($0).memberAfterInsert }
      found.installations[installation.id] = PlannedInstallation(installation, outcome)
    }
  }

  /// An observer that passes everything to this one and to another.
  public func beside(_ other: any RunObserver) -> any RunObserver { Both(first: other, second: self) }

  private struct Both: RunObserver {
    let first: any RunObserver
    let second: any RunObserver

    func began(_ wave: Wave, of count: Int) {
      first.began(wave, of: count)
      second.began(wave, of: count)
    }

    func finished(_ installation: Installation, _ outcome: Outcome) {
      first.finished(installation, outcome)
      second.finished(installation, outcome)
    }
  }

  /// What was found of an installation; nil if nobody looked at it.
  public func installation(id: String) -> PlannedInstallation? { found.withLock { $0.installations[id] } }
}
