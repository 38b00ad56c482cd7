internal import Basics
internal import Glibc

/// The texts of a migration set, as they are on disk. They can be encoded and sent to a host.
///
/// ```swift
/// let files = try MigrationFiles(MigrationFolder("migrations"), schema: "schema.sql")
/// print(files.migrations.map(\.name))
/// let set = try MigrationSet(files)
/// ```
///
/// ``MigrationSet`` parses and validates the texts. ``MigrationFormat`` decides which files count.
public struct MigrationFiles: Hashable, Sendable, Codable {
  /// One file.
  public struct File: Hashable, Sendable, Codable {
    /// The file's path below the folder of migrations; for baseline and schema the name alone.
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

  /// Where the files were found, and what fleet.yml says about them.
  public let folder: MigrationFolder

  /// The naming and syntax of the migrations.
  public var format: any MigrationFormat {
    MigrationFormats.all.first { $0.name == folder.format } ?? MigrationFormats.standard
  }

  /// Why the files can't be used; nil if they can. If it isn't nil, there are no files here.
  public let problem: String?

  /// Represents files that can't be used, for work that applies no migration; or none, because a program migrates.
  ///
  /// - Parameters:
  ///   - problem: the reason, for people; nil if no files are needed.
  ///   - folder: where the files are. Without a format in it, nobody knows which history table the databases have.
  init(problem: String?, in folder: MigrationFolder) {
    (migrations, baseline, schema) = ([], nil, nil)
    self.folder = folder
    self.problem = problem
  }

  /// Reads the files without parsing them.
  ///
  /// - Parameters:
  ///   - folder: the folder with the migrations.
  ///   - baseline: the path of the baseline; nil if there is none.
  ///   - schema: the path of the script for fresh installations; nil if there is none.
  /// - Throws: `MigrationError` if a file can't be read or is not UTF-8 text, or if nobody can tell its format.
  public init(_ folder: MigrationFolder, baseline: String? = nil, schema: String? = nil)
    throws(MigrationError)
  {
    let paths = try Self.paths(in: folder.path)
    let format = try Self.format(of: folder, paths)
    var files: [File] = []
    for path in paths where format.includes(path) { files.append(try Self.read(path, in: folder.path)) }
    migrations = files
    var first: File?
    if let baseline { first = try Self.read(fileName(of: baseline), in: parentFolder(of: baseline)) }
    self.baseline = first
    var fresh: File?
    if let schema { fresh = try Self.read(fileName(of: schema), in: parentFolder(of: schema)) }
    self.schema = fresh
    var known = folder
    known.format = format.name
    self.folder = known
    problem = nil
  }

  /// The format of a folder's files, as fleet.yml says or as the files tell.
  static func format(
    of folder: MigrationFolder, _ paths: [String]
  ) throws(MigrationError) -> any MigrationFormat {
    if let name = folder.format { return try MigrationFormats.named(name) }
    return try MigrationFormats.recognized(in: folder.path, paths) { try? read($0, in: folder.path).text }
  }

  /// The paths below a folder of its files and of those in its folders, sorted. Hidden ones are left out.
  static func paths(in folder: String) throws(MigrationError) -> [String] {
    var paths: [String] = []
    for name in try list(folder) where !name.hasPrefix(".") {
      let isFolder = isFolder("\(folder)/\(name)")
      // A folder with the name of a file is an error when it is read.
      if !isFolder || name.hasSuffix(".sql") { paths.append(name) }
      guard isFolder else { continue }
      for inner in try list("\(folder)/\(name)") where !inner.hasPrefix(".") {
        paths.append("\(name)/\(inner)")
      }
    }
    return paths
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private static func list(_ folder: String) throws(MigrationError) -> [String] {
    do throws(SystemError) {
      return try namesInFolder(folder).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    } catch {
      throw MigrationError(.unreadable, file: folder, error.text)
    }
  }

  /// Reads the file at a path below a folder. In messages, a file in the folder itself has its name alone.
  private static func read(_ name: String, in folder: String) throws(MigrationError) -> File {
    let path = "\(folder)/\(name)"
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try readFile(path)
    } catch {
      throw MigrationError(.unreadable, file: path, error.text)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw MigrationError(.unreadable, file: name, "the file is not UTF-8 text")
    }
    guard !bytes.contains(0) else {
      throw MigrationError(.unreadable, file: name, "the file is not text: it holds a NUL byte")
    }
    return File(name: name, text: text)
  }
}
