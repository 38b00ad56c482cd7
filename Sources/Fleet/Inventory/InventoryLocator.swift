internal import Basics

extension FleetFile {
  /// Finds the fleet file to use.
  ///
  /// It tries, in this order: `option`, `$FLOTILLA_FLEET`, `fleet.yml`, and `inventory/*/fleet.yml` if exactly one
  /// file matches. If a file that the user named doesn't exist, that is an error; the next place is not tried.
  /// - Parameters:
  ///   - option: The value of `--fleet`.
  ///   - environment: The environment with `FLOTILLA_FLEET`; an empty value counts as unset.
  ///   - currentDirectory: An absolute path.
  /// - Returns: The path as the user gave it, or relative to `currentDirectory`.
  /// - Throws: `InventoryError` with code `.fleetNotFound`, with `.fleetAmbiguous` and the list of candidates, or
  ///   with `.unreadable`.
  public static func locate(
    option: String?, environment: [String: String], currentDirectory: String
  ) throws(InventoryError) -> String {
    if let option { return try named(option, by: "--fleet", in: currentDirectory) }
    if let variable = environment["FLOTILLA_FLEET"], !variable.isEmpty {
      return try named(variable, by: "$FLOTILLA_FLEET", in: currentDirectory)
    }
    if exists("fleet.yml", in: currentDirectory) { return "fleet.yml" }
    let found = try candidates(in: currentDirectory)
    switch found.count {
    case 1: return found[0]
    case 0:
      throw InventoryError(
        .fleetNotFound,
        "there is no fleet file: neither fleet.yml nor inventory/*/fleet.yml; name one with --fleet FILE, or "
          + "let flotilla init write one")
    default:
      throw InventoryError(
        .fleetAmbiguous,
        "there are \(found.count) fleet files, name one with --fleet FILE: \(found.joined(separator: ", "))")
    }
  }

  /// The files that match `inventory/*/fleet.yml`.
  private static func candidates(in currentDirectory: String) throws(InventoryError) -> [String] {
    guard let pattern = try? FilePattern(FilePattern.escaped(currentDirectory) + "/inventory/*/fleet.yml")
    else { preconditionFailure("an escaped path is a pattern") }
    let search = FileSearch(pattern)
    if let failure = search.failures.first {
      throw InventoryError(.unreadable, "the folder \"inventory\" can't be read: \(failure)")
    }
    return search.paths.map { $0.split(separator: "/").suffix(3).joined(separator: "/") }
      .filter { exists($0, in: currentDirectory) }
  }

  private static func named(
    _ path: String, by source: String, in currentDirectory: String
  ) throws(InventoryError) -> String {
    guard !path.isEmpty else {
      throw InventoryError(.fleetNotFound, "\(source) is empty; it names the fleet file")
    }
    guard let status = InventoryPath.status(absolutePath(path, in: currentDirectory)) else {
      throw InventoryError(.fleetNotFound, "\(source) names \(path), which does not exist")
    }
    guard !InventoryPath.isFolder(status) else {
      throw InventoryError(
        .fleetNotFound, "\(source) names \(path), which is a folder", suggestion: "\(path)/fleet.yml")
    }
    return path
  }

  private static func exists(_ path: String, in currentDirectory: String) -> Bool {
    InventoryPath.status("\(currentDirectory)/\(path)").map { !InventoryPath.isFolder($0) } ?? false
  }
}
