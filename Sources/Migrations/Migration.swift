public import SQLite
public import Schema

/// One migration file, read and checked. What it declares of itself is a member too: `migration.deletes`.
@dynamicMemberLookup
public struct Migration: Sendable {
  /// A condition and the line on which it stands.
  public struct Clause: Hashable, Sendable {
    /// What must hold.
    public let condition: Condition
    /// Its line in the file.
    public let line: Int
    /// What to tell people when it doesn't hold, where the file says so.
    public let message: String?
  }

  /// Statements that run together, where their conditions hold.
  public struct Step: Sendable {
    /// Conditions that must hold.
    public let when: [Condition]
    /// Conditions that must not hold.
    public let unless: [Condition]
    /// What to run.
    public let statements: [ScriptStatement]
    /// The line on which the step begins.
    public let line: Int
  }

  /// The number by which it is recorded; nil for the baseline, which isn't.
  public let version: MigrationVersion?
  /// The name by which it is recorded.
  public let name: String
  /// The file's name, for messages.
  public let file: String
  /// `@require` lines.
  public let requirements: [Clause]
  /// `@expect` lines.
  public let expectations: [Clause]
  /// What the file declares of itself.
  public let declarations: Declarations
  /// The steps in order.
  public let steps: [Step]
  /// SHA-256 of the file's bytes.
  public let digest: Fingerprint

  /// A value of `declarations`.
  public subscript<Value>(dynamicMember path: KeyPath<Declarations, Value>) -> Value {
    declarations[keyPath: path]
  }
}
