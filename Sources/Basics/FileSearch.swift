internal import Glibc
internal import SystemPackage

/// The files that a pattern matches, and what could not be searched.
///
/// ```swift
/// let found = FileSearch(try FilePattern("/srv/actors/**/store.sqlite"))
/// for failure in found.failures { print(failure) }
/// ```
///
/// The tree is walked once. `**` doesn't follow symbolic links to folders, so the walk ends even if links form a circle.
/// A name or another wildcard follows them, as in shells. A folder that is removed meanwhile counts as nonexistent.
public struct FileSearch {
  /// A folder that could not be searched.
  public enum Failure: Error, Sendable, CustomStringConvertible {
    /// The system refused to read a folder, or to say whether a file exists.
    case unreadable(SystemError)
    /// A name in this folder can't be part of a path here.
    case notUTF8(folder: String)

    /// The path and the cause.
    public var description: String {
      switch self {
      case .unreadable(let error):
        "\(error.path) can't be read: \(error.text.prefix(1).lowercased())\(error.text.dropFirst())"
      case .notUTF8(let folder): "a name in \(folder) is not UTF-8 text"
      }
    }

    fileprivate var path: String {
      switch self {
      case .unreadable(let error): error.path
      case .notUTF8(let folder): folder
      }
    }
  }

  /// The matching files, sorted. Links that lead to nothing are among them, folders are not.
  public private(set) var paths: [String] = []
  /// What could not be searched, sorted by path. If there is any, files may be missing.
  public private(set) var failures: [Failure] = []

  private let parts: [FilePattern.Part]
  /// For each part, the parts that a name in the same folder can match: `.folders` can also stand for no folder.
  private let alternatives: [[Int]]
  private let excluded: ExcludedFolder?

  /// Searches.
  ///
  /// - Parameters:
  ///   - pattern: what to search for.
  ///   - folder: a folder that is left out, unless it contains the start of the pattern.
  public init(_ pattern: FilePattern, excluding folder: String? = nil) {
    let parts = pattern.parts
    self.parts = parts
    alternatives = parts.indices.map { parts[$0] == .folders ? [$0, $0 + 1] : [$0] }
    excluded = folder.flatMap(ExcludedFolder.init)
    guard let first = alternatives.first else { return }
    search(pattern.start, for: first)
    paths.sort()
    failures.sort { $0.path < $1.path }
  }

  /// Searches a folder for names that match one of these parts.
  private mutating func search(_ folder: String, for places: [Int]) {
    if places.count == 1, case .name(let name) = parts[places[0]] {
      return follow(name, in: folder, to: places[0])
    }
    var inner: [(path: String, kind: FolderEntryKind, places: [Int])] = []
    do throws(SystemError) {
      try forEachEntry(of: folder) { name, kind in
        let (isMatch, next) = step(name, kind, places)
        guard isMatch || !next.isEmpty else { return }
        guard let text = String(validatingCString: name) else {
          failures.append(.notUTF8(folder: folder))
          return
        }
        let path = Self.join(folder, text)
        if isMatch, kind == .file || !Self.isFolder(path) { paths.append(path) }
        if !next.isEmpty { inner.append((path, kind, next)) }
      }
    } catch {
      note(error)
    }
    for (path, kind, places) in inner where excluded?.isAt(path, kind) != true { search(path, for: places) }
  }

  /// Whether an entry can be a file that the whole pattern matches, and the parts that names in the entry can match.
  private func step(
    _ name: UnsafePointer<CChar>, _ kind: FolderEntryKind, _ places: [Int]
  ) -> (isMatch: Bool, next: [Int]) {
    var (isMatch, next) = (false, [Int]())
    for place in places {
      switch parts[place] {
      case .folders:
        guard kind == .folder, !Self.isHidden(name) else { continue }
        for place in alternatives[place] where !next.contains(place) { next.append(place) }
        continue
      case .name(let text): guard strcmp(name, text) == 0 else { continue }
      case .wildcard(let glob, let isHidden):
        guard isHidden == Self.isHidden(name), glob.matches(String(cString: name)) else { continue }
      }
      if place == parts.count - 1 {
        isMatch = kind != .folder
      } else if kind == .folder || kind == .link {
        for place in alternatives[place + 1] where !next.contains(place) { next.append(place) }
      }
    }
    return (isMatch, next)
  }

  private static func isHidden(_ name: UnsafePointer<CChar>) -> Bool { name[0] == CChar(UInt8(ascii: ".")) }

  /// Looks for one name, without listing the folder.
  private mutating func follow(_ name: String, in folder: String, to place: Int) {
    let path = Self.join(folder, name)
    if place < parts.count - 1 {
      if excluded?.isAt(path, .link) != true { search(path, for: alternatives[place + 1]) }
      return
    }
    var status = stat()
    if lstat(path, &status) == 0 {
      if !Self.isFolder(path) { paths.append(path) }
    } else {
      note(SystemError(call: "lstat", path: path))
    }
  }

  private mutating func note(_ error: SystemError) {
    if error.code != .noSuchFileOrDirectory, error.code != .notDirectory {
      failures.append(.unreadable(error))
    }
  }

  private static func join(_ folder: String, _ name: String) -> String {
    folder == "/" ? "/\(name)" : "\(folder)/\(name)"
  }

  /// Whether a path leads to a folder, through links.
  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}

/// A folder that a search leaves out, under whatever path it is reached.
private struct ExcludedFolder {
  private let name: String
  private let device: dev_t
  private let inode: ino_t

  /// Nil if the folder doesn't exist.
  init?(_ path: String) {
    var status = stat()
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    guard stat(real, &status) == 0 else { return nil }
    (name, device, inode) = (fileName(of: String(cString: real)), status.st_dev, status.st_ino)
  }

  /// Whether the folder is at `path`, at which there is an entry of this kind. A folder that isn't a link has one name,
  /// so that most need not be looked at.
  func isAt(_ path: String, _ kind: FolderEntryKind) -> Bool {
    guard kind == .link || fileName(of: path) == name else { return false }
    var status = stat()
    return stat(path, &status) == 0 && status.st_dev == device && status.st_ino == inode
  }
}
