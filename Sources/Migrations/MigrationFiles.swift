internal import Basics

/// The texts that a migration set is made of, as they are on the disk, so that they can be sent to a host.
public struct MigrationFiles: Hashable, Sendable, Codable {
  /// One file.
  public struct File: Hashable, Sendable, Codable {
    /// Its name, without folders.
    public let name: String
    /// Its content.
    public let text: String
  }

  /// The migrations, sorted by file name.
  public let migrations: [File]
  /// What runs first on a database without `schema_migrations`.
  public let baseline: File?
  /// The script for fresh installations.
  public let schema: File?

  /// How the files are named and read.
  public static let format: any MigrationFormat = FlotillaFormat()

  /// How these files are named and read.
  var format: any MigrationFormat { Self.format }

  /// Why the files can't be used, where there are files that can't: none is in here then.
  public let problem: String?

  /// Stands for files that can't be used, for work that applies none of them.
  init(problem: String) {
    (migrations, baseline, schema) = ([], nil, nil)
    self.problem = problem
  }

  /// Reads the files; nothing in them is looked at yet.
  ///
  /// - Parameters:
  ///   - folder: the folder of `0001_name.sql` files; others than `.sql` in it don't count.
  ///   - baseline: path of the baseline, if there is one.
  ///   - schema: path of the script for fresh installations, if there is one.
  /// - Throws: `MigrationError` where one can't be read or is no text.
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
