public import Schema
public import Upgrade

/// Installations of which the same is true: status, recorded versions, schema, what is pending, what is wrong.
public struct Cohort: Hashable, Sendable {
  /// The status they share.
  public let status: Status
  /// The highest recorded version; nil where untracked or not read.
  public let version: MigrationVersion?
  /// The schema's fingerprint, where it was read.
  public let fingerprint: String?
  /// What is to be applied; the baseline counts as 0.
  public let pending: [MigrationVersion]
  /// Tables from which rows may go.
  public let mayDelete: [String]
  /// Columns whose content is declared to change.
  public let mayChange: [String]
  /// How the schema differs from what the versions say.
  public let drift: [Difference]
  /// Why they failed, were skipped, or not reached.
  public let failure: Failure?
  /// Whether it is certain that nothing was changed.
  public let isUnchanged: Bool
  /// Computed once, since a cohort is looked up for each installation while others wait.
  private let digest: Int

  /// Whether something differs that is more than a remark.
  public var isDrifted: Bool { drift.contains { $0.severity == .error } }

  init(_ outcome: Outcome) {
    status = outcome.status
    version = outcome.versionAfter
    fingerprint = outcome.fingerprint
    pending = outcome.pending
    mayDelete = outcome.mayDelete
    mayChange = outcome.mayChange
    drift = outcome.drift
    failure = outcome.failure
    isUnchanged = outcome.applied.isEmpty && outcome.isUnchanged
    var hasher = Hasher()
    hasher.combine(status)
    hasher.combine(version)
    hasher.combine(fingerprint)
    hasher.combine(pending)
    hasher.combine(failure)
    digest = hasher.finalize()
  }

  /// What differs is compared; the digest only finds it.
  public func hash(into hasher: inout Hasher) { hasher.combine(digest) }

  /// What is known of each of its installations that nothing was done to.
  var outcome: Outcome {
    var outcome = Outcome(status: status)
    outcome.versionBefore = version
    outcome.versionAfter = version
    outcome.pending = pending
    outcome.mayDelete = mayDelete
    outcome.mayChange = mayChange
    outcome.isUnchanged = isUnchanged
    outcome.drift = drift
    outcome.fingerprint = fingerprint
    outcome.failure = failure
    return outcome
  }
}

/// Where each installation of an inventory stands, kept small: the number of a cohort for each installation.
public struct FleetStatus: Sendable {
  /// The cohorts in the order in which they were met.
  public private(set) var cohorts: [Cohort] = []
  private var numbers: [Cohort: Int32] = [:]
  private var cohortNumbers: [Int32]
  /// How many objects `drift.ignore` left out, over all installations.
  public private(set) var ignored = 0
  /// How many of those to be migrated other processes have open, and which programs these are.
  public private(set) var openElsewhere: (count: Int, programs: Set<String>) = (0, [])

  /// For an inventory of `count` installations, none of which was looked at yet.
  public init(count: Int) { cohortNumbers = Array(repeating: -1, count: count) }

  /// Puts an installation into the cohort that its outcome makes it part of.
  mutating func put(
    _ cohort: Cohort, at index: Int, ignored count: Int = 0, openIn programs: Set<String> = []
  ) {
    ignored += count
    if !programs.isEmpty, cohort.status == .pending {
      openElsewhere.count += 1
      openElsewhere.programs.formUnion(programs)
    }
    if numbers[cohort] == nil {
      numbers[cohort] = Int32(cohorts.count)
      cohorts.append(cohort)
    }
    cohortNumbers[index] = numbers[cohort] ?? -1
  }

  /// The cohort of an installation, if it was looked at.
  public func cohort(at index: Int) -> Cohort? {
    cohortNumbers[index] < 0 ? nil : cohorts[Int(cohortNumbers[index])]
  }

  /// The indices of installations by cohort, the largest cohorts first; cohorts that everybody left are left out.
  public func members() -> [(cohort: Cohort, indices: [Int])] {
    var lists = [[Int]](repeating: [], count: cohorts.count)
    for (index, number) in cohortNumbers.enumerated() where number >= 0 { lists[Int(number)].append(index) }
    return zip(cohorts, lists).filter { !$1.isEmpty }.map { (cohort: $0, indices: $1) }
      .sorted { ($1.indices.count, $0.indices[0]) < ($0.indices.count, $1.indices[0]) }
  }

  /// How many are where a condition holds.
  public func count(where holds: (Cohort) -> Bool) -> Int {
    let chosen = cohorts.map(holds)
    return cohortNumbers.count { $0 >= 0 && chosen[Int($0)] }
  }
}
