internal import Basics
internal import Glibc

/// Turns the entries of a fleet file into installations.
struct InventoryBuilder {
  let fleet: FleetFile
  let environment: [String: String]
  private(set) var installations: [Installation] = []
  private(set) var warnings: [InventoryWarning] = []
  var problems = InventoryProblems()
  /// The entries in which `{path}` would make duplicate ids unique.
  private var renamable: Set<InventoryLocation> = []

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
    case .files(let files): addFiles(files, entry)
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

  private mutating func addFiles(_ files: InstallationEntry.Files, _ entry: InstallationEntry) {
    let found = FileSearch(files.pattern, excluding: fleet.state)
    for failure in found.failures {
      let message = "\(failure)".harmless()
      report(
        .unreadable, entry.location, "\(files.written): \(message); databases in there would be left out")
    }
    let paths = found.paths.filter { !Self.isCompanion($0) }
    if paths.isEmpty, found.failures.isEmpty {
      warn(.globMatchesNothing, entry, "no database matches \(files.written)")
    }
    if files.id != .path { renamable.insert(entry.location) }
    let (groups, labels) = (entry.groups ?? fleet.defaults.groups, labels(entry))
    // An absolute pattern gives absolute paths, so that the ids don't depend on how the fleet file is named.
    let folder = files.written.hasPrefix("/") ? nil : fleet.folder
    for path in paths {
      do throws(IDPattern.Mistake) {
        let id = try files.id.id(of: path, in: folder)
        if let problem = InventoryRules.problem(id: id) {
          report(.invalidID, entry.location, "\(path): \(problem)")
        }
        append(Installation(id: id, path: path, groups: groups, labels: labels, location: entry.location))
      } catch {
        report(.invalidID, entry.location, "\(path): \"id: \(files.id)\": \(error.message)")
      }
    }
  }

  /// Whether this is a file that SQLite keeps beside a database.
  private static func isCompanion(_ path: String) -> Bool {
    ["-wal", "-shm", "-journal"].contains(where: path.hasSuffix)
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
    ids.reserveCapacity(installations.count)
    files.reserveCapacity(installations.count)
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
          .duplicateID, installation.location,
          "\(place(installation)) has the same id as \(other(sameID))\(remedy(installation, installations[sameID]))"
        )
      }
    }
  }

  private func remedy(_ installation: Installation, _ other: Installation) -> String {
    let isRenamable = [installation, other].contains { renamable.contains($0.location) }
    return isRenamable ? "; with id: \"{path}\" the ids of an entry are always unique" : ""
  }

  private func place(_ installation: Installation) -> String {
    "\"\(installation.id)\" (\(installation.place))"
  }

  private func other(_ position: Int) -> String {
    let installation = installations[position]
    return "\(place(installation)) in \(installation.location)"
  }
}
