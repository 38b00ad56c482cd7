public import SQLite
public import Schema

/// One parsed and validated migration file.
///
/// ```swift
/// let set = try MigrationSet.load(folder: "migrations")
/// for migration in set.migrations {
///   print(migration.file, migration.steps.count, migration.deletes)
/// }
/// ```
///
/// The members of ``Declarations`` are also members of a migration, such as `migration.deletes`. See also
/// ``MigrationSet`` and ``Migrator``.
@dynamicMemberLookup
public struct Migration: Sendable {
  /// A condition and its line in the file.
  public struct Clause: Hashable, Sendable {
    /// The condition that must hold.
    public let condition: Condition
    /// Its line in the file.
    public let line: Int
    /// The file's message for people if the condition doesn't hold; nil if it has none.
    public let message: String?
  }

  /// Statements that run together if their conditions hold.
  public struct Step: Sendable {
    /// Conditions that must hold.
    public let when: [Condition]
    /// Conditions that must not hold.
    public let unless: [Condition]
    /// The statements to run, in order.
    public let statements: [ScriptStatement]
    /// The line on which the step begins.
    public let line: Int
  }

  /// The version by which the migration is recorded; nil for the baseline, which isn't recorded.
  public let version: MigrationVersion?
  /// The name by which the migration is recorded.
  public let name: String
  /// The file's name, for messages.
  public let file: String
  /// The `@require` lines: conditions that must hold before the first step.
  public let requirements: [Clause]
  /// The `@expect` lines: conditions that must hold after the last step.
  public let expectations: [Clause]
  /// What the file declares about itself.
  public let declarations: Declarations
  /// The steps in the order in which they run.
  public let steps: [Step]
  /// SHA-256 of the file's bytes.
  public let digest: Fingerprint

  /// A member of `declarations`.
  public subscript<Value>(dynamicMember path: KeyPath<Declarations, Value>) -> Value {
    declarations[keyPath: path]
  }
}
