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

  /// Warns, in one line, of the variables that change how Ansible reaches a host but are ignored here.
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

  /// The file itself if it is executable, else `ansible-inventory` with the file as its argument.
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
    // Without this, Ansible treats a file that it can't parse as an empty inventory.
    let strict = ["ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"]
    let program = InventoryProgram(
      path: found, arguments: ["-i", path, "--list"], environment: environment.merging(strict) { $1 })
    return (program, "\(name) for \(written)")
  }

  /// The databases of one host. Each id is the host's name, or, if the variable holds a list, host and file name.
  private func installations(
    _ connection: AnsibleConnection, _ entry: InstallationEntry
  ) throws(AnsibleRefusal) -> [Installation] {
    let host = connection.name
    if let problem = InventoryRules.problem(hostID: host) {
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

  /// Distinct names for the paths of one host: file names without extension, preceded by as many parent folders as it
  /// takes to make them unique.
  static func names(of paths: [String]) -> [String] {
    let parts = paths.map { path in
      path.split(separator: "/").dropLast().map(String.init) + [IDPattern.name(of: path)]
    }
    let deepest = parts.map(\.count).max() ?? 1
    for depth in 1..<max(deepest, 2) {
      let names = parts.map { $0.suffix(depth).joined(separator: "-") }
      if Set(names).count == names.count { return names }
    }
    return parts.map { $0.joined(separator: "-") }
  }

  /// The variables that describe an installation. Labels appear in reports, so connection settings and names that
  /// suggest a secret are left out. References to other variables are not replaced.
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
