import Basics
import Fleet
import FoundationEssentials
import Glibc
import Migrations
import Schedule

/// The data of a fleet that a recurring check needs.
struct ScheduledFleet {
  let file: FleetFile
  private let inventory: Inventory
  private let only: String?
  private let path: String

  init(_ global: GlobalOptions, _ environment: [String: String]) throws {
    let folder = FileManager.default.currentDirectoryPath
    let found = try FleetFile.locate(option: global.fleet, environment: environment, currentDirectory: folder)
    file = try FleetFile.load(found, currentDirectory: folder, environment: environment)
    inventory = try file.inventory(environment: environment)
    only = global.only
    path = absolutePath(found, in: folder)
  }

  /// Whether the state folder exists. A service may write to it, but not create it.
  var isStateThere: Bool { StateFolder(file.state).exists }

  /// The command that recurs.
  private func command(_ words: [String]?) -> [String] {
    (words ?? (file.report.url == nil ? ["drift"] : ["drift", "--upload"]))
      + (only.map { ["--only", $0] } ?? [])
  }

  /// The default name of the check.
  func name(_ words: [String]?) -> String { ScheduledCheck.name(fleet: file.name, command: command(words)) }

  /// Describes the check.
  ///
  /// Links are resolved for systemd, which restricts writing to real folders. They are not resolved for a container,
  /// in which the paths of the fleet file must exist.
  ///
  /// - Throws: `ScheduleError` if the check can't be scheduled, `UsageError` if this program's file can't be found.
  func check(
    every recurrence: Recurrence, name: String?, command words: [String]?,
    resolvesLinks: Bool, environmentFile: (String) throws -> String?
  ) throws -> ScheduledCheck {
    let name = name ?? self.name(words)
    let resolve = resolvesLinks ? Self.resolved : { $0 }
    return try ScheduledCheck(
      name: name, fleet: file.name, recurrence: recurrence, program: Self.program(), command: command(words),
      files: ScheduledCheck.Files(
        fleet: path, migrations: file.migrations.path, baseline: file.baseline, schema: file.schema),
      state: resolve(file.state), folders: folders(resolve), environmentFile: environmentFile(name))
  }

  /// The folders of the installations: those that contain files now, and those in which a pattern is matched again.
  private func folders(_ resolve: (String) -> String) -> [String] {
    let files = inventory.installations.filter(\.machine.isLocal).map(\.path)
    let patterns = file.entries.compactMap { entry in
      if case .files(let files) = entry.source { resolve(files.pattern.start) } else { nil }
    }
    return files.map { parentFolder(of: resolve($0)) } + patterns
  }

  /// The path of this program's file.
  private static func program() throws -> String {
    guard let path = real("/proc/self/exe"), access(path, X_OK) == 0 else {
      throw UsageError("the program's own file can't be found; is it still there?")
    }
    return path
  }

  /// The path without links. The part that doesn't exist yet is kept as it is.
  private static func resolved(_ path: String) -> String {
    if let found = real(path) { return found }
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return path }
    return resolved(String(path[..<slash])) + path[slash...]
  }

  private static func real(_ path: String) -> String? {
    guard let found = realpath(path, nil) else { return nil }
    defer { free(found) }
    return String(cString: found)
  }
}
