public import Schema

/// How the schema of a migration set develops from version to version on an empty database.
///
/// ```swift
/// let evolution = try ExpectedSchema(set).evolution()
/// for step in evolution.steps where step.changes.isEmpty {
///   print("version \(step.version) changes no schema")
/// }
/// ```
///
/// Only the first schema is kept as a whole, so the size grows with what the migrations change. ``ExpectedSchema``
/// makes it with one replay of the set.
public struct SchemaEvolution: Sendable {
  /// What one migration changes in the schema that the migrations before it left.
  public struct Step: Sendable {
    /// The migration's version.
    public let version: MigrationVersion
    /// The changes; empty if the migration changes only data.
    public let changes: [Schema.Change]
  }

  /// The schema at version 0: what the baseline makes of an empty database, and the history table.
  public let start: Schema
  /// The steps in ascending order of their versions.
  public let steps: [Step]

  /// The changes of each step, by its version.
  public var changesByVersion: [MigrationVersion: [Schema.Change]] {
    Dictionary(steps.map { ($0.version, $0.changes) }) { _, last in last }
  }
}
