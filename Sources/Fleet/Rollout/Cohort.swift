public import Schema
public import Upgrade

/// Installations in the same state: the same status, recorded versions, schema, pending migrations and problems.
public struct Cohort: Hashable, Sendable {
  /// The status they share.
  public let status: Status
  /// The highest recorded version; nil if the databases are untracked or were not read.
  public let version: MigrationVersion?
  /// The schema's fingerprint; nil if the schema was not read.
  public let fingerprint: String?
  /// The versions to be applied; the baseline counts as 0.
  public let pending: [MigrationVersion]
  /// Tables from which the pending migrations may delete rows.
  public let mayDelete: [String]
  /// Columns whose content the pending migrations are declared to change.
  public let mayChange: [String]
  /// How the schema differs from the expected schema.
  public let drift: [Difference]
  /// What `adopt` would record in them; nil if they have a history, or nobody asked.
  public let adoption: AdoptionFinding?
  /// How `adopt` would settle their half-done migration; nil if there is none, or nobody asked.
  public let settlement: SettlementFinding?
  /// What `adopt` does to these installations; nil if it leaves them alone.
  public let adoptionDecision: AdoptionDecision?
  /// Why they failed, were skipped or were unreachable.
  public let failure: Failure?
  /// Whether it is certain that nothing was changed.
  public let isUnchanged: Bool
  /// Computed once, since cohorts are looked up for each installation while others wait.
  private let digest: Int

  /// Whether there is a difference with the severity of an error.
  public var isDrifted: Bool { drift.contains { $0.severity == .error } }

  /// Whether `adopt` changes the history of these installations.
  public var isAdoptable: Bool { adoptionDecision != nil }

  init(_ outcome: Outcome) {
    status = outcome.status
    version = outcome.versionAfter
    fingerprint = outcome.fingerprint
    pending = outcome.pending
    mayDelete = outcome.mayDelete
    mayChange = outcome.mayChange
    drift = outcome.drift
    adoption = outcome.adoption
    settlement = outcome.settlement
    adoptionDecision = outcome.adoptionDecision
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

  /// Hashes the precomputed digest; equality compares all fields.
  public func hash(into hasher: inout Hasher) { hasher.combine(digest) }

  /// The outcome of each installation in this cohort, as long as nothing was done to it.
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
    outcome.adoption = adoption
    outcome.settlement = settlement
    outcome.failure = failure
    return outcome
  }
}

/// The state of each installation of an inventory. To save memory, it stores one cohort number for each installation.
public struct FleetStatus: Sendable {
  /// The cohorts in the order in which they were found.
  public private(set) var cohorts: [Cohort] = []
  private var numbers: [Cohort: Int32] = [:]
  private var cohortNumbers: [Int32]
  /// The largest databases of each cohort, as they were found by a scan.
  private var sizes: [Int32: LargestDatabases] = [:]
  /// How many objects `drift.ignore` excluded, over all installations.
  public private(set) var ignored = 0
  /// How many of the installations to be migrated other processes have open, and the names of those programs.
  public private(set) var openElsewhere: (count: Int, programs: Set<String>) = (0, [])
  /// How long writers had to wait for the work on these installations.
  public private(set) var lockTimes = LockTimes()

  /// Creates a status for `count` installations, none of which has been inspected.
  public init(count: Int) { cohortNumbers = Array(repeating: -1, count: count) }

  /// Moves an installation to a cohort.
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

  /// Moves an installation to the cohort of what a scan found.
  mutating func put(found outcome: Outcome, _ cohort: Cohort, at index: Int) {
    put(cohort, at: index, ignored: outcome.ignored, openIn: outcome.programs)
    if cohort.status == .pending {
      sizes[cohortNumbers[index], default: LargestDatabases()].add(outcome, at: index)
    }
  }

  /// The largest databases of a cohort with pending migrations, as a scan found them.
  public func largestDatabases(of cohort: Cohort) -> LargestDatabases {
    numbers[cohort].flatMap { sizes[$0] } ?? LargestDatabases()
  }

  /// Moves an installation to the cohort of the work's outcome, and notes for how long it was locked.
  mutating func put(_ outcome: Outcome, at index: Int) {
    put(Cohort(outcome), at: index)
    if let milliseconds = outcome.lockedMilliseconds { lockTimes.note(milliseconds, at: index) }
  }

  /// The cohort of an installation; nil if it was not inspected.
  public func cohort(at index: Int) -> Cohort? {
    cohortNumbers[index] < 0 ? nil : cohorts[Int(cohortNumbers[index])]
  }

  /// The indices of the installations by cohort, largest cohorts first, without empty cohorts.
  public func members() -> [(cohort: Cohort, indices: [Int])] {
    var lists = [[Int]](repeating: [], count: cohorts.count)
    for (index, number) in cohortNumbers.enumerated() where number >= 0 { lists[Int(number)].append(index) }
    return zip(cohorts, lists).filter { !$1.isEmpty }.map { (cohort: $0, indices: $1) }
      .sorted { ($1.indices.count, $0.indices[0]) < ($0.indices.count, $1.indices[0]) }
  }

  /// The number of installations whose cohort satisfies a condition.
  public func count(where holds: (Cohort) -> Bool) -> Int {
    let chosen = cohorts.map(holds)
    return cohortNumbers.count { $0 >= 0 && chosen[Int($0)] }
  }
}
