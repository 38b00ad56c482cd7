/// What a wave has to show before the next one begins.
///
/// ```yaml
/// waves: [{ canary, bake: 30m, check: [curl, -fsS, https://example.com/health], every: 1m, failures: 3 }, 100%]
/// ```
public struct WaveGate: Sendable, Hashable, Codable {
  /// How long the wave is in service before the next begins, in seconds.
  public var bake = 0.0
  /// A program and its arguments; empty for none. It runs at the beginning of the bake, at each interval, and at the
  /// end.
  public var check: [String] = []
  /// The interval between checks, in seconds. A check may take as long.
  public var every = 60.0
  /// How many checks may be bad.
  public var failures = 0
  /// Whether the wave's databases are inspected for drift at the end of the bake.
  public var drift = false
  /// Whether a person has to approve.
  public var approve = false

  /// Creates a gate that asks for nothing.
  public init() {}

  /// Whether the gate asks for nothing.
  public var isOpen: Bool { bake == 0 && check.isEmpty && !drift && !approve }
}

extension WaveGate: CustomStringConvertible {
  /// What it asks for: `bakes 30m, checked every 1m, approved by a person`.
  public var description: String {
    var parts: [String] = []
    if bake > 0 { parts.append("bakes \(Self.text(bake))") }
    if !check.isEmpty { parts.append(bake > 0 ? "checked every \(Self.text(every))" : "checked once") }
    if drift { parts.append("inspected for drift") }
    if approve { parts.append("approved by a person") }
    return parts.joined(separator: ", ")
  }

  /// A time as it is written in a fleet file, without fractions of a second above a minute: `90s`, `30m`, `250ms`.
  public static func text(_ seconds: Double) -> String {
    if seconds < 1 { return "\(Int((seconds * 1000).rounded()))ms" }
    let whole = Int(seconds.rounded())
    if whole % 3600 == 0 { return "\(whole / 3600)h" }
    return whole % 60 == 0 ? "\(whole / 60)m" : "\(whole)s"
  }
}

extension Wave {
  /// `wave 1 (canary)`
  public var title: String { "wave \(number) (\(name))" }
}

/// What happens to a wave that fails its limit or its gate: `rollout.on_failure`.
public enum RolloutFailure: String, Sendable, CaseIterable, Codable {
  /// It stays as it is, and the rollout ends.
  case stop
  /// Its databases are taken back from their backups, and the rollout ends.
  case restore
}
