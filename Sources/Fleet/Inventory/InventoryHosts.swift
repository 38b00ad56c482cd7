internal import Basics

/// The hosts that a program or an Ansible inventory lists.
extension InventoryBuilder {
  mutating func addHosts(_ path: String, _ written: String, _ entry: InstallationEntry) {
    let hosts: [AnsibleHost]
    do {
      hosts = try listedHosts(path, written, entry)
    } catch {
      return problems.add(error)
    }
    if hosts.isEmpty { warn(.noHosts, entry, "\(written) lists no host") }
    var unheeded: [String: Int] = [:]
    for host in hosts {
      do throws(AnsibleRefusal) {
        let connection = try AnsibleConnection(host, fleet, home: environment["HOME"])
        for installation in try installations(connection, entry) { append(installation) }
        for name in connection.unheeded { unheeded[name, default: 0] += 1 }
      } catch {
        let message = "\(written): \(error.isOfID ? "" : "host \"\(host.name)\": ")\(error.reason)"
        problems.add(self.error(error.code, entry, message.harmless()))
      }
    }
    warnOfUnheeded(unheeded, written, entry)
  }

  /// Names what changes how Ansible reaches a host and changes nothing here, in one line.
  private mutating func warnOfUnheeded(
    _ names: [String: Int], _ written: String, _ entry: InstallationEntry
  ) {
    guard !names.isEmpty else { return }
    let list = names.sorted { $0.key < $1.key }.map { name, count in
      "\(name.harmless()) (\(counted(count, "host")))"
    }
    warn(
      .unheededVariables, entry,
      "\(written) has variables that are not heeded when hosts are reached: \(list.joined(separator: ", "))")
  }

  private func listedHosts(
    _ path: String, _ written: String, _ entry: InstallationEntry
  ) throws(InventoryError) -> [AnsibleHost] {
    guard InventoryPath.status(path) != nil else {
      throw error(.unreadable, entry, "\(written) does not exist")
    }
    let (program, name) = try lister(path, written, entry)
    let output: [UInt8]
    do {
      output = try program.output()
    } catch {
      throw self.error(.programFailed, entry, "\(name) \(error)")
    }
    do {
      return try AnsibleInventory.parse(output).hosts()
    } catch {
      throw self.error(.programFailed, entry, "what \(name) prints \(error)")
    }
  }

  /// The program itself where the file is one, else `ansible-inventory` for the file.
  private func lister(
    _ path: String, _ written: String, _ entry: InstallationEntry
  ) throws(InventoryError) -> (program: InventoryProgram, name: String) {
    if InventoryPath.isExecutable(path) {
      let program = InventoryProgram(
        path: path, arguments: ["--list"], environment: environment)
      return (program, written)
    }
    let name = "ansible-inventory"
    let folders = (environment["PATH"] ?? "").split(separator: ":").filter { $0.hasPrefix("/") }
    guard let found = folders.map({ "\($0)/\(name)" }).first(where: InventoryPath.isExecutable) else {
      throw error(
        .programMissing, entry,
        "\(written) is read with \(name), which is not installed: install ansible-core, or make \(written) "
          + "executable if it is a program that prints an inventory")
    }
    // Without this Ansible takes a file that it can't read for an empty inventory.
    let strict = ["ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"]
    let program = InventoryProgram(
      path: found, arguments: ["-i", path, "--list"], environment: environment.merging(strict) { $1 })
    return (program, "\(name) for \(written)")
  }

  /// The databases of one host: called after the host, or, where a list names them, after host and file.
  private func installations(
    _ connection: AnsibleConnection, _ entry: InstallationEntry
  ) throws(AnsibleRefusal) -> [Installation] {
    let host = connection.name
    if let problem = InventoryRules.problem(id: host) {
      throw AnsibleRefusal(.invalidID, problem, isOfID: true)
    }
    let (paths, isList) = try connection.paths()
    var groups = connection.groups
    for group in (isList ? [host] : []) + (entry.groups ?? []) where !groups.contains(group) {
      groups.append(group)
    }
    let machine = try connection.machine()
    let labels = labels(entry).merging(Self.labels(connection.variables)) { $1 }
    let names = isList ? Self.names(of: paths).map { "\(host)-\($0)" } : [host]
    var installations: [Installation] = []
    for (path, id) in zip(paths, names) {
      if let problem = InventoryRules.problem(id: id) {
        throw AnsibleRefusal(.invalidID, problem, isOfID: true)
      }
      installations.append(
        Installation(
          id: id, machine: machine, path: machine.isLocal ? absolutePath(path, in: fleet.folder) : path,
          groups: groups.isEmpty ? fleet.defaults.groups : groups, labels: labels, location: entry.location))
    }
    return installations
  }

  /// What tells the paths of one host from each other: file names without extension, with as many of the folders around
  /// them as that takes.
  static func names(of paths: [String]) -> [String] {
    let parts = paths.map { path in
      path.split(separator: "/").dropLast().map(String.init) + [Self.id(of: path)]
    }
    let deepest = parts.map(\.count).max() ?? 1
    for depth in 1..<max(deepest, 2) {
      let names = parts.map { $0.suffix(depth).joined(separator: "-") }
      if Set(names).count == names.count { return names }
    }
    return parts.map { $0.joined(separator: "-") }
  }

  /// The variables that say something about an installation. Labels end up in reports, so what steers a connection and
  /// what sounds like a secret stays out, and references to other variables stay as they are written.
  private static func labels(_ variables: [String: String]) -> [String: String] {
    let secrets = ["pass", "secret", "token", "private_key", "api_key", "credential"]
    return variables.filter { name, _ in
      let name = name.lowercased()
      guard !name.hasPrefix("ansible_"), !name.hasPrefix("flotilla_") else { return false }
      return !secrets.contains { name.contains($0) }
    }
  }

  private func error(
    _ code: InventoryError.Code, _ entry: InstallationEntry, _ message: String
  ) -> InventoryError {
    InventoryError(code, file: entry.location.file, line: entry.location.line, message)
  }
}
