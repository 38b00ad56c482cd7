internal import Basics
internal import FoundationEssentials
internal import Glibc
public import Migrations
public import Schema
internal import SystemPackage
internal import Upgrade

/// Why a kept plan can't be written, read or used.
public struct KeptPlanError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The reason and what to do, in one sentence without a full stop.
  public let description: String

  init(_ description: String) { self.description = description }
}

extension KeptPlan {
  private struct Head: Decodable { let format: String }

  private static let family = "flotilla.plan/"

  /// Reads a plan.
  ///
  /// - Throws: `KeptPlanError` if the file can't be read, is not a whole plan, or was written by a newer version.
  public init(reading path: String) throws(KeptPlanError) {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try readFile(path)
    } catch {
      throw KeptPlanError("the plan \(path) can't be read: \(error.text)")
    }
    let data = Data(bytes)
    guard let head = try? JSONDecoder().decode(Head.self, from: data), head.format.hasPrefix(Self.family)
    else {
      throw KeptPlanError("\(path) is not a plan, or not a whole one; flotilla plan --output FILE writes one")
    }
    guard head.format == Self.format else {
      throw KeptPlanError(
        "\(path) is a plan in the format \(head.format.prefix(60).replacingControlCharacters()), and this version reads "
          + "\(Self.format): use the version of flotilla that made it, or make the plan anew")
    }
    do {
      self = try JSONDecoder().decode(KeptPlan.self, from: data)
    } catch {
      throw KeptPlanError("\(path) is not a valid plan: make it anew with flotilla plan --output FILE")
    }
    if let problem { throw KeptPlanError("\(path) is not a valid plan: \(problem)") }
  }

  /// What contradicts itself in the plan; nil if nothing does.
  private var problem: String? {
    var ids: Set<String> = []
    for installation in installations {
      guard ids.insert(installation.id).inserted else { return "\(installation.id) is in it twice" }
      if let problem = InventoryRules.problem(id: installation.id)
        ?? installation.host.flatMap({ InventoryRules.problem("host", $0) })
      {
        return problem
      }
      guard installation.expected != nil || installation.error != nil else {
        return "it doesn't say in which state \(installation.id) was"
      }
    }
    return installations.isEmpty ? "there is no installation in it" : nil
  }

  /// Checks that a plan can be written to a file, without changing the file.
  ///
  /// - Throws: `KeptPlanError` if the folder isn't writable, or if the path isn't a regular file.
  public static func check(_ path: String) throws(KeptPlanError) {
    var status = stat()
    guard stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else {
      throw KeptPlanError("the plan \(path) can't be written: something other than a file has this name")
    }
    do throws(SystemError) {
      _ = try UnfinishedFile(path, temporary: path + ".part")
    } catch {
      throw KeptPlanError("the plan \(path) can't be written: \(error.text)")
    }
  }

  /// Writes the plan to a file, which appears under its name only when it is complete and synced. Only this user may
  /// read it.
  ///
  /// - Throws: `KeptPlanError` if the file can't be written.
  public func write(to path: String) throws(KeptPlanError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // Every field is a string, a number or a list of these, so encoding can't fail.
    guard let data = try? encoder.encode(self) else { preconditionFailure("a plan is always valid JSON") }
    do throws(SystemError) {
      let file = try UnfinishedFile(path, temporary: path + ".part")
      try file.write(data)
      try file.write("\n".utf8)
      try file.publish(permissions: [.ownerReadWrite])
    } catch {
      throw KeptPlanError("the plan \(path) can't be written: \(error.text)")
    }
  }

  // MARK: Whether it may be done

  /// Verifies that the plan is for a fleet, and for a target if one is given.
  public func check(fleet name: String, target other: MigrationVersion?) throws(KeptPlanError) {
    guard fleet == name else {
      throw KeptPlanError(
        "the plan is for the fleet \(fleet.prefix(200).replacingControlCharacters()), and this is \(name)")
    }
    guard let other, other != target else { return }
    throw KeptPlanError(
      "--to \(other): the plan was made \(target.map { "with --to \($0)" } ?? "without --to"); make a plan for the "
        + "other version")
  }

  /// Verifies that the migrations are those that the plan was made with.
  ///
  /// - Throws: `KeptPlanError`, which names the files that differ.
  public func check(_ set: MigrationSet) throws(KeptPlanError) {
    let now = Migrations(set)
    guard now != migrations else { return }
    let key = { (file: Migrations.File) in "\(file.role.rawValue) \(file.name)" }
    let before = Dictionary(migrations.files.map { (key($0), $0) }) { first, _ in first }
    let after = Dictionary(now.files.map { (key($0), $0) }) { first, _ in first }
    let changed = now.files.filter { file in before[key(file)].map { $0.digest != file.digest } ?? false }
    let lists = [
      ("was changed", changed), ("is new", now.files.filter { before[key($0)] == nil }),
      ("is gone", migrations.files.filter { after[key($0)] == nil }),
    ]
    let parts = lists.flatMap { word, files in
      files.map { "\($0.name.prefix(200).replacingControlCharacters()) \(word)" }
    }
    let reason =
      parts.isEmpty
      ? "the program or the settings of the migrations are other ones"
      : parts.prefix(5).joined(separator: ", ") + (parts.count > 5 ? " and \(parts.count - 5) more" : "")
    throw KeptPlanError(
      "the migrations are no longer those of the plan: \(reason); nothing was changed. Make the plan anew with "
        + "flotilla plan --output FILE")
  }
}
