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
    for host in hosts {
      do {
        append(try installation(host, written, entry))
      } catch {
        problems.add(error)
      }
    }
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

  private func installation(
    _ host: AnsibleHost, _ written: String, _ entry: InstallationEntry
  ) throws(InventoryError) -> Installation {
    let variables = host.variables
    if let problem = InventoryRules.problem(id: host.name) {
      throw error(.invalidID, entry, "\(written): \(problem)")
    }
    guard let path = variables["flotilla_path"] ?? fleet.defaults.path, !path.isEmpty else {
      throw error(
        .missingKey, entry,
        "\(written): host \"\(host.name)\" has no flotilla_path, and \"defaults.path\" is not set")
    }
    let isLocal = variables["ansible_connection"] == "local"
    let address = isLocal ? nil : variables["ansible_host"] ?? host.name
    let user = isLocal ? nil : variables["ansible_user"]
    let become = isLocal ? nil : become(variables)
    for (kind, word) in [("host", address), ("user", user), ("become", become)] {
      guard let word, let problem = InventoryRules.problem(kind, word) else { continue }
      throw error(.invalidValue, entry, "\(written): host \"\(host.name)\": \(problem)")
    }
    var groups = host.groups
    for group in entry.groups ?? [] where !groups.contains(group) { groups.append(group) }
    let port = isLocal ? nil : try port(host, written, entry)
    return Installation(
      id: host.name, host: address.map { Host($0, user: user, port: port, become: become) },
      path: isLocal ? InventoryPath.absolute(path, in: fleet.folder) : path,
      groups: groups.isEmpty ? fleet.defaults.groups : groups,
      labels: labels(entry).merging(Self.labels(variables)) { $1 }, location: entry.location)
  }

  private func become(_ variables: [String: String]) -> String? {
    guard ["true", "yes"].contains(variables["ansible_become"]?.lowercased()) else { return nil }
    return variables["ansible_become_user"] ?? "root"
  }

  private func port(
    _ host: AnsibleHost, _ written: String, _ entry: InstallationEntry
  ) throws(InventoryError) -> Int? {
    guard let text = host.variables["ansible_port"] else { return nil }
    guard let port = wholeNumber(text[...]), (1...65_535).contains(port) else {
      throw error(
        .invalidValue, entry, "\(written): host \"\(host.name)\": ansible_port is no number from 1 to 65535")
    }
    return port
  }

  /// The variables that say something about an installation. Labels end up in reports, so what steers a connection and
  /// what sounds like a secret stays out.
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
