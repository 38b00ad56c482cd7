import Basics
import FoundationEssentials
import Testing

@testable import Fleet

/// A folder that is gone after the test. Its name is as awkward as a user's can be.
final class InventoryFolder {
  let path: String

  init() throws {
    let name = "flotilla inventory 'test' [\(UUID().uuidString)] \"ä日\""
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(name, isDirectory: true)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = String(url.path().isEmpty ? "" : url.path(percentEncoded: false).dropLast())
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Writes a file, with the folders that lead to it.
  @discardableResult
  func write(_ name: String, _ text: String = "", executable: Bool = false) throws -> String {
    let file = "\(path)/\(name)"
    try FileManager.default.createDirectory(
      atPath: parentFolder(of: file), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(filePath: file))
    if executable { try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file) }
    return file
  }

  /// Reads a fleet file with these installations and looks them up.
  func inventory(_ installations: String, more: String = "", environment: [String: String] = [:]) throws
    -> Inventory
  {
    let text = "fleet: test\nmigrations: migrations\n\(more)installations:\n\(installations)"
    try write("fleet.yml", text)
    let file = try FleetFile.load("fleet.yml", currentDirectory: path, environment: environment)
    return try file.inventory(environment: environment)
  }

  /// What is said of these installations, with this folder shown as `…`.
  func complaint(_ installations: String, more: String = "", environment: [String: String] = [:]) -> String {
    do {
      _ = try inventory(installations, more: more, environment: environment)
      return "nothing"
    } catch {
      return "\(error)".replacing(path, with: "…")
    }
  }
}

/// What reading a fleet file says is wrong with it.
func complaint(about text: String, environment: [String: String] = [:]) -> String {
  do {
    _ = try FleetFile.parse(text, file: "fleet.yml", folder: "/fleet", environment: environment)
    return "nothing"
  } catch {
    return error.description
  }
}

/// A fleet file that is complete but for `more`.
func fleetFile(_ more: String, environment: [String: String] = [:]) throws -> FleetFile {
  let text = "fleet: test\nmigrations: m\ninstallations: [{ id: a, path: a.db }]\n\(more)"
  return try FleetFile.parse(text, file: "fleet.yml", folder: "/fleet", environment: environment)
}

/// Installations with these ids; what follows a space are groups.
func inventory(_ lines: [String]) -> Inventory {
  Inventory(
    installations: lines.enumerated().map { offset, line in
      let words = line.split(separator: " ").map(String.init)
      return Installation(
        id: words[0], path: "/\(words[0])", groups: Array(words.dropFirst()),
        location: InventoryLocation(file: "fleet.yml", line: offset + 1))
    })
}
