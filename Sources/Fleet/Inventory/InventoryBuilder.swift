internal import Basics
internal import Glibc

/// Turns the entries of a fleet file into installations.
struct InventoryBuilder {
  let fleet: FleetFile
  let environment: [String: String]
  private(set) var installations: [Installation] = []
  private(set) var warnings: [InventoryWarning] = []
  var problems = InventoryProblems()

  init(fleet: FleetFile, environment: [String: String]) {
    self.fleet = fleet
    self.environment = environment
  }

  mutating func add(_ entry: InstallationEntry) {
    switch entry.source {
    case .one(let single):
      append(
        Installation(
          id: single.id, machine: single.machine, path: single.path,
          groups: entry.groups ?? fleet.defaults.groups,
          labels: labels(entry), location: entry.location))
    case .files(let glob, let written): addFiles(glob, written, entry)
    case .hosts(let path, let written): addHosts(path, written, entry)
    }
  }

  mutating func append(_ installation: Installation) { installations.append(installation) }

  mutating func warn(_ code: InventoryWarning.Code, _ entry: InstallationEntry, _ message: String) {
    warnings.append(InventoryWarning(code: code, location: entry.location, message: message))
  }

  mutating func report(_ code: InventoryError.Code, _ location: InventoryLocation, _ message: String) {
    problems.add(InventoryError(code, file: location.file, line: location.line, message))
  }

  /// The labels of an entry, merged over the defaults.
  func labels(_ entry: InstallationEntry) -> [String: String] {
    entry.labels.isEmpty ? fleet.defaults.labels : fleet.defaults.labels.merging(entry.labels) { $1 }
  }

  private mutating func addFiles(_ glob: String, _ written: String, _ entry: InstallationEntry) {
    let paths: [String]
    do {
      paths = try InventoryPath.matches(glob)
    } catch {
      return report(
        .unreadable, entry.location, "\(written): a folder or a file name can't be read: \(error)")
    }
    let (before, groups, labels) = (installations.count, entry.groups ?? fleet.defaults.groups, labels(entry))
    for path in paths where Self.isDatabase(path) {
      let id = Self.id(of: path)
      if let problem = InventoryRules.problem(id: id) {
        report(.invalidID, entry.location, "\(path): \(problem)")
      }
      let place = absolutePath(path, in: "/")
      append(Installation(id: id, path: place, groups: groups, labels: labels, location: entry.location))
    }
    if installations.count == before { warn(.globMatchesNothing, entry, "no database matches \(written)") }
  }

  /// The file name without its extension. A name whose only dot is its first character is kept whole.
  static func id(of path: String) -> String {
    let name = fileName(of: path)
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return name }
    return String(name[..<dot])
  }

  /// Whether a path is neither a folder nor a file that SQLite keeps beside a database.
  private static func isDatabase(_ path: String) -> Bool {
    guard !["-wal", "-shm", "-journal"].contains(where: path.hasSuffix) else { return false }
    return InventoryPath.status(path).map { !InventoryPath.isFolder($0) } ?? true
  }

  // MARK: Twice the same

  private struct FileKey: Hashable {
    let device: UInt
    let inode: UInt
  }

  private struct RemoteKey: Hashable {
    let address: String
    let user: String?
    let port: Int?
    let path: String
  }

  /// Reports duplicate ids and files. Files that don't exist yet can't be compared.
  mutating func checkUnique() {
    var (ids, files, remotes) = ([String: Int](), [FileKey: Int](), [RemoteKey: Int]())
    for (position, installation) in installations.enumerated() {
      let sameID = ids.updateValue(position, forKey: installation.id)
      var sameFile: Int?
      if case .remote(let host) = installation.machine {
        let key = RemoteKey(
          address: host.address, user: host.user, port: host.port, path: installation.path)
        sameFile = remotes.updateValue(position, forKey: key)
      } else if let status = InventoryPath.status(installation.path) {
        let key = FileKey(device: UInt(status.st_dev), inode: UInt(status.st_ino))
        sameFile = files.updateValue(position, forKey: key)
      }
      if let sameFile {
        report(
          .duplicateFile, installation.location,
          "\(place(installation)) is the same file as \(other(sameFile))")
      } else if let sameID {
        report(
          .duplicateID, installation.location, "\(place(installation)) has the same id as \(other(sameID))")
      }
    }
  }

  private func place(_ installation: Installation) -> String {
    "\"\(installation.id)\" (\(installation.place))"
  }

  private func other(_ position: Int) -> String {
    let installation = installations[position]
    return "\(place(installation)) in \(installation.location)"
  }
}
