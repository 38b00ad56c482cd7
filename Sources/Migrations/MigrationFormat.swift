public import Schema

/// How the files of an application's migrations are named and read: files in, statements out.
///
/// Everything that knows the names of files, their syntax, and which table they are recorded in is behind this protocol.
/// ``FlotillaFormat`` is the one implementation so far. A type that conforms is one file, with a line in
/// ``MigrationFiles`` that chooses it, and a test.
public protocol MigrationFormat: Sendable {
  /// Where databases record which of these migrations they have.
  var historyTable: any HistoryTable { get }

  /// What a new migration file holds. No command accepts it as it is.
  var template: String { get }

  /// Whether a file of the folder counts, by its name.
  func includes(_ file: String) -> Bool

  /// Reads the name of a file that counts.
  ///
  /// - Returns: the version and the name by which it is recorded.
  /// - Throws: `MigrationError` where it is no migration's name.
  func identify(_ file: String) throws(MigrationError) -> (version: MigrationVersion, name: String)

  /// Reads the text of a file.
  ///
  /// - Parameters:
  ///   - text: the whole file.
  ///   - file: its name, for messages.
  ///   - version: the version by which it is recorded; nil for the baseline, which isn't.
  ///   - name: the name by which it is recorded.
  /// - Returns: the migration, and all that is wrong with it; if anything is, the migration is not to be used.
  func parse(
    _ text: String, file: String, version: MigrationVersion?, name: String
  ) -> (migration: Migration, faults: [MigrationError])

  /// Names the file of the next migration.
  ///
  /// - Parameters:
  ///   - name: what it does, in the form that `isValid` accepts.
  ///   - files: the names of the files that are there.
  /// - Returns: its version and its file's name.
  /// - Throws: `MigrationError` where a version can't be read, or none is left.
  func nextFile(
    _ name: String, after files: [String]
  ) throws(MigrationError) -> (version: MigrationVersion, file: String)

  /// Whether `name` can be the name of a migration.
  func isValid(_ name: String) -> Bool
}
