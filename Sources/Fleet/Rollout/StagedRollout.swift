public import Schema

/// A rollout whose waves have gates. It outlives the process that began it: the journal keeps it until it has ended.
///
/// ``Journal/openRollout()`` finds the one that hasn't ended, and ``Journal/save(_:)`` keeps each step before it is taken.
public struct StagedRollout: Sendable, Codable {
  /// What happens now, or how it ended.
  public enum State: String, Sendable, Codable {
    /// The installations of the current wave are being migrated.
    case rolling
    /// The current wave is in service, and is checked.
    case baking
    /// The current wave has passed its checks and waits for an approval.
    case awaiting
    /// A check was neither good nor bad: a person has to look.
    case paused
    /// The current wave is being taken back.
    case undoing
    /// All waves are done.
    case finished
    /// A wave failed its limit or its gate.
    case failed
    /// Waves were taken back.
    case undone
    /// Somebody ended it.
    case aborted

    /// Whether it has not ended.
    public var isOpen: Bool {
      switch self {
      case .rolling, .baking, .awaiting, .paused, .undoing: true
      case .finished, .failed, .undone, .aborted: false
      }
    }
  }

  /// Who let a wave pass, and why.
  public struct Approval: Sendable, Hashable, Codable {
    /// Who approved.
    public let by: String
    /// The reason, if one was given.
    public let because: String?
    /// When, in ISO 8601.
    public let at: String

    /// Creates an approval from its values.
    public init(by: String, because: String?, at: String) {
      (self.by, self.because, self.at) = (by, because, at)
    }
  }

  /// A wave, and how far it got.
  public struct WaveRecord: Sendable, Hashable, Codable {
    /// The number, from 1.
    public let number: Int
    /// The item of the fleet file that defines it.
    public let name: String
    /// The gate; nil if the next wave follows at once.
    public let gate: WaveGate?
    /// The number of its installations.
    public var installations: Int
    /// When its installations were done, in seconds since 1970; nil before.
    public var done: Double?
    /// How many checks were good.
    public var good = 0
    /// How many checks were bad.
    public var bad = 0
    /// How many checks were neither.
    public var inconclusive = 0
    /// When the gate was passed, in ISO 8601; nil before.
    public var passed: String?
    /// Who let it pass; nil if nobody had to, or did.
    public var approval: Approval?
    /// How many of its installations were taken back; nil if that was not begun.
    public var undone: Int?

    /// Creates the record of a wave that has not begun.
    public init(_ wave: Wave) {
      (number, name, gate, installations) = (wave.number, wave.name, wave.gate, wave.indices.count)
    }
  }

  /// A kept plan that a rollout follows.
  public struct Plan: Sendable, Hashable, Codable {
    /// The file; absolute.
    public let path: String
    /// The digest of what it says.
    public let digest: String

    /// Creates a plan from its values.
    public init(path: String, digest: String) { (self.path, self.digest) = (path, digest) }
  }

  /// The id: that of the run that began it.
  public let id: RunID
  /// The runs that carried it on, in order.
  public var runs: [RunID]
  /// The pattern that selected the installations; nil for all.
  public let only: String?
  /// The highest version to apply; nil for all.
  public let target: MigrationVersion?
  /// The digest of the migrations.
  public let digest: String
  /// How many of a wave may fail, as it was written.
  public let maxFailures: String
  /// Whether no backups are made.
  public let isWithoutBackups: Bool
  /// The kept plan that it follows; nil if none.
  public let plan: Plan?
  /// What happens to a wave that fails its limit or its gate.
  public let onFailure: RolloutFailure
  /// What is done now.
  public var state = State.rolling
  /// The number of the current wave.
  public var wave = 1
  /// Why it waits, or why it ended; nil if there is nothing to say.
  public var reason: String?
  /// The waves, in order.
  public var waves: [WaveRecord]
  /// The numbers of the waves that are being taken back.
  public var undoing: [Int] = []

  /// Creates a rollout that has not begun.
  public init(
    _ run: RunID, _ waves: [Wave], only: String?, target: MigrationVersion?, digest: String,
    maxFailures: String,
    isWithoutBackups: Bool, plan: Plan? = nil, onFailure: RolloutFailure
  ) {
    (id, runs, self.only, self.target, self.digest) = (run, [run], only, target, digest)
    (self.maxFailures, self.isWithoutBackups, self.plan) = (maxFailures, isWithoutBackups, plan)
    self.onFailure = onFailure
    self.waves = waves.map(WaveRecord.init)
  }

  /// The current wave. Waves are numbered from 1 without gaps.
  public var current: WaveRecord {
    get { waves[wave - 1] }
    set { waves[wave - 1] = newValue }
  }

  /// Notes that waves were taken back, which ends the rollout.
  ///
  /// - Parameters:
  ///   - taken: how many installations of each wave were.
  ///   - left: those that were not, each with the reason.
  public mutating func note(_ taken: [Int: Int], left: [String]) {
    for number in undoing {
      waves[number - 1].undone = (waves[number - 1].undone ?? 0) + (taken[number] ?? 0)
    }
    (state, undoing) = (.undone, [])
    guard !left.isEmpty else { return }
    let rest = "not taken back: \(left.joined(separator: "; "))"
    reason = reason.map { "\($0); \(rest)" } ?? rest
  }

  /// Whether it ended although all of a wave was migrated, before that wave had passed its gate.
  public var hasFailedGate: Bool {
    (state == .failed || state == .aborted) && current.gate != nil && current.done != nil
      && current.passed == nil
  }

  /// Whether the current wave is the last one.
  public var isLastWave: Bool { wave == waves.count }

  /// Where it stands, in words: `wave 2 of 3 (10%) waits for an approval`.
  public var standing: String {
    let place = "wave \(wave) of \(waves.count) (\(current.name))"
    let reason = reason.map { ": \($0)" } ?? ""
    return switch state {
    case .rolling: "\(place) is being migrated"
    case .baking: "\(place) bakes"
    case .awaiting: "\(place) waits for an approval"
    case .paused: "\(place) is paused\(reason)"
    case .undoing: "\(place) is being taken back\(reason)"
    case .finished: waves.count == 1 ? "its wave is done" : "all \(waves.count) waves are done"
    case .failed: "it ended in \(place)\(reason)"
    case .undone: "it was taken back\(reason)"
    case .aborted: "it was aborted in \(place)\(reason)"
    }
  }
}

/// What a person has decided about a rollout, possibly while another process carries it on.
public struct RolloutDecision: Sendable, Hashable {
  /// The kinds of decision.
  public enum Kind: String, Sendable {
    /// The gate of the current wave may be passed.
    case approve
    /// A paused rollout may go on.
    case resume
    /// The rollout ends.
    case abort
  }

  /// The position among the rollout's decisions, from 1.
  public let number: Int
  /// The kind.
  public let kind: Kind
  /// The wave that it is about.
  public let wave: Int
  /// Who decided, why, and when.
  public let approval: StagedRollout.Approval
}
