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
  public internal(set) var declarations: Declarations
  /// The steps in the order in which they run.
  public let steps: [Step]
  /// The whole text of the file, including what isn't run.
  public let text: String
  /// What of the file isn't run, or runs in another way than its tool would run it, and the line.
  public let notes: [Note]

  /// A remark about one line of the file.
  public struct Note: Hashable, Sendable {
    /// The line in the file.
    public let line: Int
    /// The remark.
    public let message: String
  }

  /// SHA-256 of the file's bytes.
  public let digest: Fingerprint

  init(
    _ draft: MigrationDraft, requirements: [Clause] = [], expectations: [Clause] = [],
    declarations: Declarations, steps: [Step], notes: [Note] = []
  ) {
    (version, name, file, text) = (draft.version, draft.name, draft.file, draft.text)
    self.requirements = requirements
    self.expectations = expectations
    self.declarations = declarations
    self.steps = steps
    self.notes = notes
    digest = Fingerprint(of: draft.text.utf8)
  }

  /// Whether the file sets `PRAGMA legacy_alter_table`, which holds until the end of the file.
  var changesRenaming: Bool {
    steps.contains { $0.statements.contains(where: StatementRules.changesRenaming) }
  }

  /// The version as SQLite stores it; 0 for the baseline.
  var recordedVersion: Value { (version ?? 0).value }

  /// A member of `declarations`.
  public subscript<Value>(dynamicMember path: KeyPath<Declarations, Value>) -> Value {
    declarations[keyPath: path]
  }
}
