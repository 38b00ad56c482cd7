internal import Glibc
public import Upgrade

/// The result of a rehearsal for one cohort. As far as the schema goes, it applies to all of the cohort's
/// installations.
public struct CohortRehearsal: Sendable {
  /// The cohort.
  public let cohort: Cohort
  /// The indices of its installations in the inventory.
  public let indices: [Int]
  /// The installation whose copy was upgraded, and the outcome.
  public let tried: (index: Int, outcome: Outcome)
  /// The largest of its databases.
  public var largest = LargestDatabases()

  /// Whether the upgrade of the copy failed, or could not be tried.
  public var hasFailed: Bool { [.failed, .unreachable].contains(tried.outcome.status) }

  /// Whether it failed because of the copy itself, which says nothing about the installation.
  public var isInconclusive: Bool {
    let ofCopy: Set<Failure.Code> = [.busy, .diskFull, .io, .journal, .missing, .permission, .readOnly]
    guard hasFailed, tried.outcome.undeclared.isEmpty, let failure = tried.outcome.failure else {
      return false
    }
    return tried.outcome.status == .unreachable || failure.step != .open && ofCopy.contains(failure.code)
  }
}

extension FleetRun {
  /// Upgrades a copy of one database of each cohort that has pending migrations, one after the other, until
  /// interrupted.
  ///
  /// - Parameters:
  ///   - fleetStatus: the state of the installations.
  ///   - here: the worker for installations on this machine.
  ///   - folder: the folder for copies of local databases; on hosts, copies are made beside their databases.
  ///   - observer: called after each rehearsal.
  /// - Returns: the results of the cohorts that were rehearsed, largest cohorts first.
  public func rehearse(
    _ fleetStatus: FleetStatus, here: any Worker, in folder: String, _ observer: any RunObserver
  ) -> [CohortRehearsal] {
    var rehearsals: [CohortRehearsal] = []
    for (cohort, indices) in fleetStatus.members() where cohort.status == .pending {
      let largest = fleetStatus.largestDatabases(of: cohort)
      // If all are on hosts, it is the largest of those.
      let index = self.largest(of: indices) ?? largest.largest?.index ?? indices[0]
      guard interruption.signal == nil else { break }
      let installation = inventory.installations[index]
      let outcome =
        installation.machine.isLocal
        ? here.rehearse(installation.path, in: folder)
        : workers.worker(for: installation)
          .rehearse(installation.path, in: installation.folderOnHost + "/rehearsal")
      guard interruption.signal == nil else { break }
      observer.finished(installation, outcome)
      rehearsals.append(
        CohortRehearsal(cohort: cohort, indices: indices, tried: (index, outcome), largest: largest))
    }
    return rehearsals
  }

  /// The index of the largest local file; nil if all are on hosts.
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
  /// The folder beside a database on a host in which copies are made.
  var folderOnHost: String {
    let beside = path.lastIndex(of: "/").map { path[...$0] } ?? ""
    return "\(beside).flotilla"
  }
}
