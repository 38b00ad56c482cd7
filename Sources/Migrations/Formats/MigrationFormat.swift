public import Schema

/// How an application's migration files are named and parsed, and which history table records them.
///
/// ```swift
/// let format: any MigrationFormat = GooseFormat()
/// let (migrations, faults) = format.read(files.migrations)
/// let table = try format.historyTable(migrations, settings)
/// let next = try format.nextFile("add_phone", after: ["00007_add_email.sql"]).file  // 00008_add_phone.sql
/// ```
///
/// Only implementations of this protocol know the names of the files, their syntax, and the ``HistoryTable`` that
/// records them. To add one, write a conforming type in a file of its own, a line in ``MigrationFormats``, and a test.
/// The part of a file that undoes a migration must never become part of a ``Migration``.
public protocol MigrationFormat: Sendable {
  /// The format's name in fleet.yml.
  var name: String { get }

  /// The content of a new migration file.
  var template: String { get }

  /// Whether a file belongs to the migrations, judged by its path.
  ///
  /// - Parameter path: the path below the folder of migrations. It has at most one slash.
  /// - Returns: false for files that are none of the format's business.
  func includes(_ path: String) -> Bool

  /// Whether a folder was certainly written for this format.
  ///
  /// - Parameters:
  ///   - paths: the paths of all files below the folder of migrations, sorted.
  ///   - text: returns the content of one of these files, or nil if it can't be read as text.
  /// - Returns: false if the files could as well have been written for another format.
  func recognizes(_ paths: [String], reading text: (String) -> String?) -> Bool

  /// Parses the files for which `includes` is true.
  ///
  /// - Parameter files: the files, sorted by path.
  /// - Returns: the migrations, and all errors. If there are errors, the migrations must not be used.
  func read(_ files: [MigrationFiles.File]) -> (migrations: [Migration], faults: [MigrationError])

  /// The table in which databases record the migrations.
  ///
  /// - Parameters:
  ///   - migrations: the migrations in ascending order.
  ///   - folder: the settings of fleet.yml, such as the name of the table.
  /// - Returns: the table.
  /// - Throws: `MigrationError` if a setting isn't possible with this format.
  func historyTable(
    _ migrations: [Migration], _ folder: MigrationFolder
  ) throws(MigrationError) -> any HistoryTable

  /// Chooses version and path for the next migration.
  ///
  /// - Parameters:
  ///   - name: the migration's name, which `isValid` accepts.
  ///   - paths: the paths of the existing files.
  /// - Returns: the version and the path below the folder.
  /// - Throws: `MigrationError` if a version can't be parsed, or none is left.
  func nextFile(
    _ name: String, after paths: [String]
  ) throws(MigrationError) -> (version: MigrationVersion, file: String)

  /// Whether `name` is valid as the name of a migration.
  func isValid(_ name: String) -> Bool
}

extension MigrationFormat {
  /// Returns a line that no command accepts, so that the file can't be applied before somebody has written it.
  public var template: String { MigrationFormats.todo }

  /// `migration`, or `goose migration` for the format of another tool.
  public var noun: String {
    name == MigrationFormats.standard.name ? "migration" : "\(name) migration"
  }

  /// Accepts lower-case letters, digits and underscores, beginning with a letter, up to 200 bytes.
  /// File systems limit the whole name of a file to 255.
  public func isValid(_ name: String) -> Bool {
    FlotillaFormat.isPlainName(name) && name.utf8.count <= 200
  }
}
