public import Schema

/// How an application's migration files are named and parsed.
///
/// ```swift
/// let format: any MigrationFormat = FlotillaFormat()
/// let (version, name) = try format.identify("0007_add_email.sql")
/// let (migration, faults) = format.parse(text, file: "0007_add_email.sql", version: version, name: name)
/// let next = try format.nextFile("add_phone", after: ["0007_add_email.sql"]).file  // 0008_add_phone.sql
/// ```
///
/// Only implementations of this protocol know the names of the files, their syntax, and the ``HistoryTable`` that
/// records them. ``FlotillaFormat`` is the only implementation so far. To add one, write a conforming type in a file of
/// its own, a line in ``MigrationFiles`` that chooses it, and a test.
public protocol MigrationFormat: Sendable {
  /// The table in which databases record these migrations.
  var historyTable: any HistoryTable { get }

  /// The content of a new migration file. No command accepts it unchanged.
  var template: String { get }

  /// Whether a file in the folder is a migration, judged by its name.
  func includes(_ file: String) -> Bool

  /// Parses the name of a migration file.
  ///
  /// - Returns: the version and the name by which it is recorded.
  /// - Throws: `MigrationError` if it isn't a valid name of a migration.
  func identify(_ file: String) throws(MigrationError) -> (version: MigrationVersion, name: String)

  /// Parses the text of a file.
  ///
  /// - Parameters:
  ///   - text: the whole file.
  ///   - file: the file's name, for messages.
  ///   - version: the version by which the migration is recorded; nil for the baseline, which isn't recorded.
  ///   - name: the name by which the migration is recorded.
  /// - Returns: the migration and its errors. If there are errors, the migration must not be used.
  func parse(
    _ text: String, file: String, version: MigrationVersion?, name: String
  ) -> (migration: Migration, faults: [MigrationError])

  /// Chooses version and file name for the next migration.
  ///
  /// - Parameters:
  ///   - name: the migration's name, which `isValid` accepts.
  ///   - files: the names of the existing files.
  /// - Returns: the version and the file name.
  /// - Throws: `MigrationError` if a version can't be parsed, or none is left.
  func nextFile(
    _ name: String, after files: [String]
  ) throws(MigrationError) -> (version: MigrationVersion, file: String)

  /// Whether `name` is valid as the name of a migration.
  func isValid(_ name: String) -> Bool
}
