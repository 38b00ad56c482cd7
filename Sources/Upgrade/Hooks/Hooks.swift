internal import Basics

/// Programs that run before and after an installation's upgrade, as argument vectors without a shell.
public struct Hooks: Sendable, Codable, Hashable {
  /// The command before the upgrade; empty for none.
  public var before: [String]
  /// The command after the upgrade, which also runs if the upgrade failed; empty for none.
  public var after: [String]

  /// Creates hooks, by default without any command.
  public init(before: [String] = [], after: [String] = []) {
    (self.before, self.after) = (before, after)
  }

  /// Whether there is no command to run.
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

/// The result of a hook that was started.
public struct HookResult: Hashable, Sendable, Codable {
  /// The hooks of an upgrade.
  public enum Which: String, Sendable, Codable {
    /// The hook before the upgrade.
    case before
    /// The hook after the upgrade.
    case after
  }

  /// Which of the two hooks ran.
  public let which: Which
  /// The first element of the hook's arguments.
  public let program: String
  /// The exit status; nil if a signal or the time limit ended the hook.
  public let status: Int32?
  /// The last 4096 bytes of the output as text. Control characters other than tabs and line breaks are replaced.
  public let output: String
  /// How long the hook ran, in milliseconds.
  public let milliseconds: Double

  /// Creates a result.
  public init(which: Which, program: String, status: Int32?, output: String, milliseconds: Double) {
    (self.which, self.program, self.status) = (which, program, status)
    (self.output, self.milliseconds) = (output, milliseconds)
  }

  /// Encodes `status` as null if there is none, so that the key is always present.
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
