internal import Basics
internal import SQLite

/// Finds the databases of an application.
///
/// ```swift
/// let search = try DatabaseSearch(["stores/*.sqlite"], in: "/srv/shop")
/// for other in search.others { print("\(other.path): \(other.reason)") }
/// ```
public struct DatabaseSearch: Sendable {
  /// A file that is no database.
  public struct Other: Sendable {
    /// Its path.
    public let path: String
    /// Why it is none.
    public let reason: String
  }

  /// The absolute paths of the databases, sorted. Damaged ones are among them.
  public private(set) var databases: [String] = []
  /// Files whose names look like databases, or that the user has named, but that are none.
  public private(set) var others: [Other] = []
  /// Paths of files that have another path here too.
  public private(set) var duplicates: [String] = []

  /// The endings that files of databases usually have.
  static let extensions = ["sqlite", "sqlite3", "db"]

  /// Searches below a folder for files that have one of the usual endings and begin like an SQLite database.
  ///
  /// Hidden files and folders are left out, and folders with other people's code.
  /// - Throws: `SurveyError` if a folder can't be read.
  public init(below folder: String) throws(SurveyError) {
    var paths: [String] = []
    for name in Self.extensions {
      paths += try Self.matches("\(FilePattern.escaped(folder))/**/*.\(name)", folder).filter { path in
        let inner = path.dropFirst(folder.utf8.count).split(separator: "/")
        return !inner.contains { MigrationsSearch.skipped.contains(String($0)) }
      }
    }
    sort(paths)
  }

  /// Looks at the files that the user has named.
  ///
  /// - Parameters:
  ///   - names: paths and patterns.
  ///   - folder: the folder from which relative ones start.
  /// - Throws: `SurveyError` if one leads to nothing or to a folder, or if no file is a database.
  public init(_ names: [String], in folder: String) throws(SurveyError) {
    var paths: [String] = []
    for name in names {
      let path = absolutePath(name, in: folder)
      guard let status = InventoryPath.status(path) else {
        guard Glob.isPattern(name) else { throw SurveyError("\(name): there is no such file") }
        let pattern = name.hasPrefix("/") ? name : "\(FilePattern.escaped(folder))/\(name)"
        let found = try Self.matches(pattern, name)
        guard !found.isEmpty else { throw SurveyError("\(name): no file matches") }
        paths += found
        continue
      }
      guard !InventoryPath.isFolder(status) else {
        throw SurveyError("\(name) is a folder: name the databases in it, such as '\(name)/*.sqlite'")
      }
      paths.append(path)
    }
    sort(paths.filter { path in !["-wal", "-shm", "-journal"].contains(where: path.hasSuffix) })
    guard !databases.isEmpty else {
      let reasons = others.map { "\($0.path): \($0.reason)" }.joined(separator: "; ")
      throw SurveyError(
        "none of these files is a database: \(reasons.isEmpty ? names.joined(separator: " ") : reasons)")
    }
  }

  private static func matches(_ pattern: String, _ name: String) throws(SurveyError) -> [String] {
    let search: FileSearch
    do throws(FilePattern.Mistake) {
      search = FileSearch(try FilePattern(pattern))
    } catch {
      throw SurveyError(
        "\(name) is not a pattern for files: docs/fleet.md says what is, under \"Files and ids\"")
    }
    if let failure = search.failures.first {
      throw SurveyError("\(failure), so databases could be missing: make it readable, or name the databases")
    }
    return search.paths
  }

  private mutating func sort(_ paths: [String]) {
    struct File: Hashable {
      let device: UInt64
      let inode: UInt64
    }
    var files: Set<File> = []
    // Of several paths to a file, the one that is no link counts.
    let (links, plain) = (
      Set(paths).filter(InventoryPath.isLink), Set(paths).filter { !InventoryPath.isLink($0) }
    )
    for path in plain.sorted() + links.sorted() {
      switch DatabaseFile.inspect(path) {
      case .success(let file):
        if files.insert(File(device: file.device, inode: file.inode)).inserted {
          databases.append(path)
        } else {
          duplicates.append(path)
        }
      case .failure(let error):
        switch error.trouble {
        case .missing, .notAFile, .empty, .notADatabase: others.append(Other(path: path, reason: "\(error)"))
        case .truncated, .obstructed, .refused: databases.append(path)
        }
      }
    }
    databases.sort()
  }
}
