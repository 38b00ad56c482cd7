internal import Basics

/// Programs that run around an installation's upgrade, as argument vectors that no shell sees.
public struct Hooks: Sendable, Codable, Hashable {
  /// Before it; empty for nothing.
  public var before: [String]
  /// After it, however it went; empty for nothing.
  public var after: [String]

  /// No programs, unless they are given.
  public init(before: [String] = [], after: [String] = []) {
    (self.before, self.after) = (before, after)
  }

  /// Whether there is nothing to run.
  public var isEmpty: Bool { before.isEmpty && after.isEmpty }
}

extension Hooks: CustomStringConvertible {
  /// `before: systemctl stop x; after: systemctl start x`
  public var description: String {
    let lists = [("before", before), ("after", after)].filter { !$0.1.isEmpty }
    return lists.map { "\($0): \($1.joined(separator: " ").replacingControlCharacters())" }.joined(
      separator: "; ")
  }
}

/// How a hook that was started came to its end.
public struct HookResult: Hashable, Sendable, Codable {
  /// The two hooks.
  public enum Which: String, Sendable, Codable {
    /// Before the upgrade.
    case before
    /// After it.
    case after
  }

  /// Which of the two.
  public let which: Which
  /// The first word of its arguments.
  public let program: String
  /// Its exit status; nil where a signal or the time limit ended it.
  public let status: Int32?
  /// The last 4096 bytes of its output as text, control characters but for tabs and line breaks replaced.
  public let output: String
  /// How long it ran.
  public let milliseconds: Double

  /// Makes a result.
  public init(which: Which, program: String, status: Int32?, output: String, milliseconds: Double) {
    (self.which, self.program, self.status) = (which, program, status)
    (self.output, self.milliseconds) = (output, milliseconds)
  }

  /// A status that there isn't is there as null.
  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(which, forKey: .which)
    try fields.encode(program, forKey: .program)
    try fields.encode(status, forKey: .status)
    try fields.encode(output, forKey: .output)
    try fields.encode(milliseconds, forKey: .milliseconds)
  }

  enum CodingKeys: CodingKey { case which, program, status, output, milliseconds }
}
