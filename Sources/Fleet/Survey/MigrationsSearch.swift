internal import Basics
internal import Glibc
internal import Migrations

/// Looks for migrations below the folder of an application.
///
/// ```swift
/// let search = MigrationsSearch(below: "/srv/shop")
/// for found in search.found { print("\(found.path): \(found.kind)") }
/// ```
///
/// Folders whose files tell their format, and programs, come before folders of numbered files, and those up to two
/// levels down before deeper ones. Hidden folders and those of other people's code are left out.
public struct MigrationsSearch: Sendable {
  /// What was found, sorted by path.
  public private(set) var found: [FoundMigrations] = []
  /// The folders that could not be read, with the cause.
  public private(set) var unreadable: [String] = []
  /// Whether there were too many folders to look at them all.
  public private(set) var isCutShort = false

  private let start: String
  private var seen: Set<Place> = []

  /// The names of folders with other people's code.
  static let skipped: Set = ["node_modules", "vendor", "venv", "target", "__pycache__"]
  private static let depths = [0...2, 3...5]
  private static let mostFolders = 20_000

  private struct Place: Hashable {
    let device: dev_t
    let inode: ino_t
  }

  /// Searches.
  public init(below start: String) {
    self.start = start
    var folders = [start]
    for depths in Self.depths {
      var (certain, numbered) = ([FoundMigrations](), [FoundMigrations]())
      for depth in depths {
        if depth > 0 { folders = folders.flatMap { subfolders(of: $0) } }
        for path in folders {
          if let program = FoundProgram(in: path) { certain.append(.program(program)) }
          guard let folder = read(path) else { continue }
          if !folder.formats.isEmpty {
            certain.append(.folder(folder))
          } else if folder.isNumbered {
            numbered.append(.folder(folder))
          }
        }
      }
      found = Self.withoutNested(certain.isEmpty ? numbered : certain).sorted { $0.path < $1.path }
      if !found.isEmpty { return }
    }
  }

  private mutating func read(_ path: String) -> RecognizedFolder? {
    do throws(MigrationError) {
      return try RecognizedFolder(path)
    } catch {
      // A folder in this one is noted when it is read itself.
      if error.file == path { unreadable.append("\(error)") }
      return nil
    }
  }

  private mutating func subfolders(of folder: String) -> [String] {
    guard let names = try? namesInFolder(folder) else { return [] }
    var paths: [String] = []
    for name in names.sorted() where !name.hasPrefix(".") && !Self.skipped.contains(name) {
      let path = folder == "/" ? "/\(name)" : "\(folder)/\(name)"
      var status = stat()
      guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
        seen.insert(Place(device: status.st_dev, inode: status.st_ino)).inserted
      else { continue }
      guard seen.count <= Self.mostFolders else {
        isCutShort = true
        break
      }
      paths.append(path)
    }
    return paths
  }

  /// Leaves out folders that are a part of another one, and folders that only contain one. Flyway looks for files in
  /// folders of the folder too.
  private static func withoutNested(_ found: [FoundMigrations]) -> [FoundMigrations] {
    var left: Set<String> = []
    for case .folder(let folder) in found where folder.hasInnerFiles {
      let inner = found.map(\.path).filter { parentFolder(of: $0) == folder.path && $0 != folder.path }
      if inner.count == 1, !folder.hasOwnFiles { left.insert(folder.path) } else { left.formUnion(inner) }
    }
    return found.filter { !left.contains($0.path) }
  }

  /// The error for several findings, of which the user has to name one.
  public var several: SurveyError {
    let list = found.map { "\(shown($0.path)) (\($0.kind))" }.joined(separator: ", ")
    return SurveyError("there are several places with migrations, so name the folder of one: \(list)")
  }

  /// What the search could not look at, as the end of a sentence; empty if it has seen everything.
  public var gaps: String {
    if let first = unreadable.first {
      return "; \(counted(unreadable.count, "folder")) can't be read: \(first)"
    }
    return isCutShort ? "; only the first \(Self.mostFolders) folders were looked at" : ""
  }

  private func shown(_ path: String) -> String {
    path == start ? "." : path.hasPrefix(start + "/") ? String(path.dropFirst(start.utf8.count + 1)) : path
  }
}
