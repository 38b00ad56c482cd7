internal import Glibc
public import Upgrade

/// What a rehearsal told of one cohort: what is true of one is true of all, as far as the schema goes.
public struct CohortRehearsal: Sendable {
  /// The cohort.
  public let cohort: Cohort
  /// The indices of its installations in the inventory.
  public let indices: [Int]
  /// The one of which a copy was upgraded, and what became of that.
  public let tried: (index: Int, outcome: Outcome)

  /// Whether the upgrade of the copy failed, or could not be tried.
  public var hasFailed: Bool { [.failed, .unreachable].contains(tried.outcome.status) }

  /// Whether it failed for a reason that lies with the copy: nothing is said of the installation then.
  public var isInconclusive: Bool {
    let ofCopy: Set<Failure.Code> = [.busy, .diskFull, .io, .journal, .missing, .permission, .readOnly]
    guard hasFailed, let failure = tried.outcome.failure else { return false }
    return tried.outcome.status == .unreachable || failure.step != .open && ofCopy.contains(failure.code)
  }
}

extension FleetRun {
  /// Tries the upgrade of each cohort that something is pending for, one after the other, until it is interrupted.
  ///
  /// - Parameters:
  ///   - fleetStatus: where the installations stand.
  ///   - here: the worker for installations of this machine.
  ///   - folder: where copies of these are made; those of others are made beside their databases.
  ///   - observer: told of each installation that was tried.
  /// - Returns: what became of each cohort that was come to, the largest cohorts first.
  public func rehearse(
    _ fleetStatus: FleetStatus, here: any Worker, in folder: String, _ observer: any RunObserver
  ) -> [CohortRehearsal] {
    var rehearsals: [CohortRehearsal] = []
    for (cohort, indices) in fleetStatus.members() where cohort.status == .pending {
      let index = largest(of: indices) ?? indices[0]
      guard interruption.signal == nil else { break }
      let installation = inventory.installations[index]
      let outcome =
        installation.machine.isLocal
        ? here.rehearse(installation.path, in: folder)
        : workers.worker(for: installation)
          .rehearse(installation.path, in: installation.folderOnHost + "/rehearsal")
      guard interruption.signal == nil else { break }
      observer.finished(installation, outcome)
      rehearsals.append(CohortRehearsal(cohort: cohort, indices: indices, tried: (index, outcome)))
    }
    return rehearsals
  }

  /// The largest file of this machine; nil where all are on hosts.
  private func largest(of indices: [Int]) -> Int? {
    let here = indices.filter { inventory.installations[$0].machine.isLocal }
    let sizes = here.map { index -> Int64 in
      var status = stat()
      return stat(inventory.installations[index].path, &status) == 0 ? Int64(status.st_size) : 0
    }
    return zip(here, sizes).max { ($0.1, $1.0) < ($1.1, $0.0) }?.0
  }
}

extension Installation {
  /// The folder beside a database on a host that copies go to.
  var folderOnHost: String {
    let beside = path.lastIndex(of: "/").map { path[...$0] } ?? ""
    return "\(beside).flotilla"
  }
}
