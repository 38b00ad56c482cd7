internal import Basics

/// The texts of a migration set, as they are on disk. They can be encoded and sent to a host.
///
/// ```swift
/// let files = try MigrationFiles(folder: "migrations", baseline: nil, schema: "schema.sql")
/// print(files.migrations.map(\.name))
/// let set = try MigrationSet(files)
/// ```
///
/// ``MigrationSet`` parses and validates the texts. ``MigrationFormat`` decides which files count.
public struct MigrationFiles: Hashable, Sendable, Codable {
  /// One file.
  public struct File: Hashable, Sendable, Codable {
    /// The file's name, without folders.
    public let name: String
    /// The file's content.
    public let text: String
  }

  /// The migrations, sorted by file name.
  public let migrations: [File]
  /// The baseline, which runs first on a database without a history table; nil if there is none.
  public let baseline: File?
  /// The script for fresh installations; nil if there is none.
  public let schema: File?

  /// The naming and syntax of all migration files.
  public static let format: any MigrationFormat = FlotillaFormat()

  /// The naming and syntax of these files.
  var format: any MigrationFormat { Self.format }

  /// Why the files can't be used; nil if they can. If it isn't nil, there are no files here.
  public let problem: String?

  /// Represents files that can't be used, for work that applies no migration.
  init(problem: String) {
    (migrations, baseline, schema) = ([], nil, nil)
    self.problem = problem
  }

  /// Reads the files without parsing them.
  ///
  /// - Parameters:
  ///   - folder: the folder with files such as `0001_name.sql`. Files that don't end in `.sql` are ignored.
  ///   - baseline: the path of the baseline; nil if there is none.
  ///   - schema: the path of the script for fresh installations; nil if there is none.
  /// - Throws: `MigrationError` if a file can't be read or is not UTF-8 text.
  public init(folder: String, baseline: String?, schema: String?) throws(MigrationError) {
    var files: [File] = []
    for name in try Self.names(in: folder) {
      files.append(try Self.read("\(folder)/\(name)"))
    }
    migrations = files
    var first: File?
    if let baseline { first = try Self.read(baseline) }
    self.baseline = first
    var fresh: File?
    if let schema { fresh = try Self.read(schema) }
    self.schema = fresh
    problem = nil
  }

  /// The names of the migration files in a folder, sorted.
  static func names(in folder: String) throws(MigrationError) -> [String] {
    try list(folder).filter(format.includes)
  }

  private static func list(_ folder: String) throws(MigrationError) -> [String] {
    do throws(SystemError) {
      return try namesInFolder(folder).sorted()
    } catch {
      throw MigrationError(.unreadable, file: folder, error.text)
    }
  }

  private static func read(_ path: String) throws(MigrationError) -> File {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try readFile(path)
    } catch {
      throw MigrationError(.unreadable, file: path, error.text)
    }
    let name = fileName(of: path)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw MigrationError(.unreadable, file: name, "the file is not UTF-8 text")
    }
    guard !bytes.contains(0) else {
      throw MigrationError(.unreadable, file: name, "the file is not text: it holds a NUL byte")
    }
    return File(name: name, text: text)
  }
}
