/// Ansible's dynamic-inventory JSON, as `--list` prints it.
struct AnsibleInventory {
  /// The variables of a host or a group.
  struct Variables: Equatable {
    /// The variables whose values are texts, numbers or flags.
    var texts: [String: String] = [:]
    /// The lists and mappings among Flotilla's and Ansible's variables. Other lists and mappings don't describe an
    /// installation.
    var structures: [String: InventoryJSON] = [:]

    /// Overrides these variables with those of a scope closer to the host.
    mutating func override(with closer: Variables) {
      texts.merge(closer.texts) { $1 }
      structures.merge(closer.structures) { $1 }
      for name in closer.structures.keys { texts[name] = nil }
      if !structures.isEmpty { for name in closer.texts.keys { structures[name] = nil } }
    }
  }

  struct Group {
    var hosts: [String] = []
    var children: [String] = []
    var variables = Variables()
  }

  private(set) var groups: [String: Group] = [:]
  private(set) var hostVariables: [String: Variables] = [:]

  /// Why a program's output is not an inventory. The description continues the sentence "what PROGRAM prints".
  struct Malformed: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
      self.description = description
    }

    init(_ place: String, mustBe expectation: String) {
      description = "must have \(expectation) at \(place)"
    }
  }

  /// Parses what a program printed.
  static func parse(_ bytes: [UInt8]) throws(Malformed) -> AnsibleInventory {
    let value: InventoryJSON
    do {
      value = try InventoryJSON.parse(bytes)
    } catch {
      throw Malformed("is not JSON: \(error)")
    }
    guard case .object(let members) = value else { throw Malformed("must be a JSON object of groups") }
    var inventory = AnsibleInventory()
    for (name, member) in members {
      if name == "_meta" {
        inventory.hostVariables = try hostVariables(member)
      } else {
        inventory.groups[name] = try group(member, name)
      }
    }
    return inventory
  }

  private static func hostVariables(_ meta: InventoryJSON) throws(Malformed) -> [String: Variables] {
    guard case .object(let members) = meta else { throw Malformed("_meta", mustBe: "an object") }
    guard let hosts = members["hostvars"], hosts != .null else { return [:] }
    guard case .object(let hosts) = hosts else { throw Malformed("_meta.hostvars", mustBe: "an object") }
    var result: [String: Variables] = [:]
    result.reserveCapacity(hosts.count)
    for (name, value) in hosts { result[name] = try variables(value, "_meta.hostvars.\(name)") }
    return result
  }

  private static func group(_ value: InventoryJSON, _ name: String) throws(Malformed) -> Group {
    // The short form is a plain list of hosts.
    if case .list = value { return Group(hosts: try names(value, name)) }
    guard case .object(let members) = value else {
      throw Malformed(name, mustBe: "an object or a list of hosts")
    }
    return Group(
      hosts: try names(members["hosts"], "\(name).hosts"),
      children: try names(members["children"], "\(name).children"),
      variables: try variables(members["vars"], "\(name).vars"))
  }

  private static func names(_ value: InventoryJSON?, _ place: String) throws(Malformed) -> [String] {
    guard let value, value != .null else { return [] }
    guard case .list(let items) = value else { throw Malformed(place, mustBe: "a list of names") }
    var names: [String] = []
    names.reserveCapacity(items.count)
    for item in items {
      guard case .text(let name) = item else { throw Malformed(place, mustBe: "a list of names") }
      names.append(name)
    }
    return names
  }

  private static func variables(_ value: InventoryJSON?, _ place: String) throws(Malformed) -> Variables {
    var variables = Variables()
    guard let value, value != .null else { return variables }
    guard case .object(let members) = value else { throw Malformed(place, mustBe: "an object") }
    variables.texts = members.compactMapValues { member in
      switch member {
      case .text(let text), .number(let text): text
      case .flag(let flag): flag ? "true" : "false"
      case .null, .list, .object: nil
      }
    }
    guard variables.texts.count < members.count else { return variables }
    variables.structures = members.filter { name, member in
      guard name.hasPrefix("flotilla_") || name.hasPrefix("ansible_") else { return false }
      switch member {
      case .list, .object: return true
      case .null, .flag, .number, .text: return false
      }
    }
    return variables
  }
}
