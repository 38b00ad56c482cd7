internal import Glibc
public import Upgrade

/// What a rehearsal told of one cohort: what is true of one is true of all, as far as the schema goes.
public struct CohortRehearsal: Sendable {
  /// The cohort.
  public let cohort: Cohort
  /// Its installations, as places of the selection.
  public let places: [Int]
  /// The one of which a copy was upgraded, and what became of that; nil where all are on hosts.
  public let tried: (place: Int, outcome: Outcome)?

  /// Whether the upgrade of the copy failed, or could not be tried.
  public var hasFailed: Bool { tried?.outcome.status == .failed }

  /// Whether it failed for a reason that lies with the copy: nothing is said of the installation then.
  public var isUntold: Bool {
    let ofCopy: Set = ["busy", "disk_full", "io", "journal", "missing", "permission", "read_only"]
    guard hasFailed, let failure = tried?.outcome.failure else { return false }
    return failure.step != .open && ofCopy.contains(failure.code)
  }
}

extension FleetRun {
  /// Tries the upgrade of each cohort that something is pending for, one after the other, until it is interrupted.
  ///
  /// - Parameters:
  ///   - standing: where the installations stand.
  ///   - observer: told of each installation that was tried.
  ///   - work: upgrades a copy of the installation that it is given: the largest of the cohort on this machine.
  /// - Returns: what became of each cohort that was come to, the largest cohorts first.
  public func rehearse(
    _ standing: Standing, _ observer: any RunObserver, _ work: (Installation) -> Outcome
  ) -> [CohortRehearsal] {
    var rehearsals: [CohortRehearsal] = []
    for (cohort, places) in standing.members() where cohort.status == .pending {
      guard let place = largest(of: places) else {
        rehearsals.append(CohortRehearsal(cohort: cohort, places: places, tried: nil))
        continue
      }
      guard interruption.signal == nil else { break }
      let installation = inventory.installations[selection[place]]
      let outcome = work(installation)
      guard interruption.signal == nil else { break }
      observer.finished(installation, outcome)
      rehearsals.append(CohortRehearsal(cohort: cohort, places: places, tried: (place, outcome)))
    }
    return rehearsals
  }

  /// The largest file of this machine; nil where all are on hosts.
  private func largest(of places: [Int]) -> Int? {
    let here = places.filter { inventory.installations[selection[$0]].host == nil }
    let sizes = here.map { place -> Int64 in
      var status = stat()
      return stat(inventory.installations[selection[place]].path, &status) == 0 ? Int64(status.st_size) : 0
    }
    return zip(here, sizes).max { ($0.1, $1.0) < ($1.1, $0.0) }?.0
  }
}
