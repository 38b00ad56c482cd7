/// Where the migrations of an application are and how they are written, as `migrations:` in fleet.yml says.
///
/// ```swift
/// let folder = MigrationFolder("db/migrations", format: "goose")
/// let set = try MigrationSet.load(folder)
/// ```
public struct MigrationFolder: Hashable, Sendable, Codable {
  /// The path of the folder.
  public var path: String
  /// The name of the ``MigrationFormat``; nil to tell it from the files.
  public var format: String?
  /// The name of the history table; nil for the format's own.
  public var table: String?
  /// The tables that may lose rows, by the version of the migration, for files in which no directive can be written.
  public var deletes: [String: [String]] = [:]
  /// The changes of content that are meant, as `@changes` names them, by the version of the migration.
  public var changes: [String: [String]] = [:]

  /// The columns of the history table by what they hold, for the format `custom`.
  public var columns: [String: String] = [:]
  /// The texts to write into other columns, by column, for the format `custom`.
  public var values: [String: String] = [:]

  /// The program that migrates the databases instead of files; nil if there are files. `path` is its folder then.
  public var program: MigrationProgram?

  /// Creates the settings of a folder.
  public init(_ path: String, format: String? = nil, table: String? = nil) {
    (self.path, self.format, self.table) = (path, format, table)
  }
}
