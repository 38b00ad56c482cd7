internal import Basics

/// Why a host of an Ansible inventory can't be used.
struct AnsibleRefusal: Error {
  let code: InventoryError.Code
  let reason: String
  /// Whether `reason` already names the host, so that messages don't repeat it.
  let isOfID: Bool

  init(_ code: InventoryError.Code = .invalidValue, _ reason: String, isOfID: Bool = false) {
    (self.code, self.reason, self.isOfID) = (code, reason, isOfID)
  }
}

/// How to reach a host of an Ansible inventory, and where its databases are. Reads the Ansible variables that ssh and
/// sudo can implement.
struct AnsibleConnection {
  let name: String
  let groups: [String]
  /// The variables whose values are texts, numbers or flags.
  let variables: [String: String]
  /// Variables that change how Ansible reaches the host but are ignored here.
  private(set) var unheeded: [String] = []
  private let structures: [String: InventoryJSON]
  private let template: AnsibleTemplate
  private let fleet: FleetFile
  private let home: String?
  private let isLocal: Bool

  /// Ansible's names for each setting; the first that is set wins.
  private static let address = ["ansible_host", "ansible_ssh_host"]
  private static let user = ["ansible_user", "ansible_ssh_user"]
  private static let port = ["ansible_port", "ansible_ssh_port"]
  private static let identity = ["ansible_private_key_file", "ansible_ssh_private_key_file"]
  private static let arguments = ["ansible_ssh_common_args", "ansible_ssh_extra_args"]
  private static let becoming = ["ansible_become", "ansible_become_user", "ansible_become_method"]
  private static let heeded = Set(
    address + user + port + identity + arguments + becoming + ["ansible_connection"])
  /// Variables that matter only to Ansible's own file transfers.
  private static let harmless: Set = ["ansible_ssh_pipelining", "ansible_ssh_transfer_method"]
  private static let prefixes = [
    "ansible_ssh_", "ansible_become_", "ansible_paramiko_", "ansible_libssh_", "ansible_winrm_",
    "ansible_psrp_",
    "ansible_docker_", "ansible_podman_", "ansible_kubectl_", "ansible_lxd_", "ansible_aws_ssm_",
    "ansible_network_", "ansible_httpapi_", "ansible_netconf_", "ansible_control_path", "ansible_sudo",
    "ansible_su_", "ansible_jump", "ansible_proxy",
  ]
  private static let others: Set = [
    "ansible_password", "ansible_sshpass_prompt", "ansible_host_key_checking", "ansible_timeout",
    "ansible_su",
    "ansible_scp_if_ssh", "ansible_remote_user", "ansible_remote_port",
  ]

  /// Reads the variables of a host.
  ///
  /// - Throws: `AnsibleRefusal` if a supported variable has a value that can't be used.
  init(_ host: AnsibleHost, _ fleet: FleetFile, home: String?) throws(AnsibleRefusal) {
    (name, groups, self.fleet, self.home) = (host.name, host.groups, fleet, home)
    (variables, structures) = (host.variables.texts, host.variables.structures)
    template = AnsibleTemplate(host: host.name, variables: host.variables.texts)
    for name in Self.heeded where structures[name] != nil {
      throw AnsibleRefusal(.invalidValue, "\(name) must be a text")
    }
    let kind = try template.filled(variables["ansible_connection"] ?? "smart", of: "ansible_connection")
    let word = kind.split(separator: ".").last.map(String.init) ?? kind
    isLocal = word == "local"
    if isLocal {
      // Local databases are opened as the user who runs this program.
      if isBecoming { unheeded = ["ansible_become with ansible_connection=local"] }
      return
    }
    if !["ssh", "smart"].contains(word) { unheeded.append("ansible_connection=\(word)") }
    if let method = variables["ansible_become_method"], isBecoming,
      !["sudo", "ansible.builtin.sudo", "community.general.sudo"].contains(method)
    {
      unheeded.append("ansible_become_method=\(method)")
    }
    let names = variables.keys.filter(Self.changesConnection) + structures.keys.filter(Self.changesConnection)
    unheeded += names.sorted()
  }

  private static func changesConnection(_ name: String) -> Bool {
    guard name.hasPrefix("ansible_"), !heeded.contains(name), !harmless.contains(name) else { return false }
    // The facts of a host include its own public keys.
    if name.hasPrefix("ansible_ssh_host_key_"), name.contains("_public") { return false }
    return others.contains(name) || prefixes.contains(where: name.hasPrefix)
  }

  private func text(_ names: [String]) throws(AnsibleRefusal) -> String? {
    for name in names {
      guard let text = variables[name], !text.isEmpty else { continue }
      return try template.filled(text, of: name)
    }
    return nil
  }

  // MARK: Databases

  /// The paths of the databases. `isList` says whether the variable holds a list.
  func paths() throws(AnsibleRefusal) -> (paths: [String], isList: Bool) {
    let key = "flotilla_path"
    guard let structure = structures[key] else {
      guard let text = variables[key] ?? fleet.defaults.path, !text.isEmpty else {
        throw AnsibleRefusal(
          .missingKey, "host \"\(name)\" has no flotilla_path, and \"defaults.path\" is not set", isOfID: true
        )
      }
      return ([try path(text)], false)
    }
    var paths: [String] = []
    if case .list(let items) = structure {
      for case .text(let text) in items where !text.isEmpty { paths.append(try path(text)) }
      if !paths.isEmpty, paths.count == items.count { return (paths, true) }
    }
    throw AnsibleRefusal(.invalidValue, "\(key) must be a path or a list of paths")
  }

  private func path(_ text: String) throws(AnsibleRefusal) -> String {
    let path = try template.filled(text, of: "flotilla_path")
    guard !path.isEmpty, !path.unicodeScalars.contains("\0") else {
      throw AnsibleRefusal(.invalidValue, "flotilla_path is no path")
    }
    return path
  }

  // MARK: The way there

  /// The machine that the variables describe.
  func machine() throws(AnsibleRefusal) -> Machine {
    guard !isLocal else { return .local }
    let (address, user) = (try text(Self.address) ?? name, try text(Self.user))
    let become = try become()
    for (kind, word) in [("host", address), ("user", user), ("become", become)] {
      guard let word, let problem = InventoryRules.problem(kind, word) else { continue }
      throw AnsibleRefusal(.invalidValue, problem)
    }
    return .remote(
      Host(
        address, user: user, port: try port(), become: become, identity: try identity(),
        options: try options()))
  }

  private var isBecoming: Bool {
    ["true", "yes", "1", "on"].contains(variables["ansible_become"]?.lowercased())
  }

  private func become() throws(AnsibleRefusal) -> String? {
    if let text = variables["ansible_become"], text.contains("{") {
      throw AnsibleRefusal(.invalidValue, "ansible_become must be true or false")
    }
    return isBecoming ? try text(["ansible_become_user"]) ?? "root" : nil
  }

  private func port() throws(AnsibleRefusal) -> Int? {
    guard let text = try text(Self.port) else { return nil }
    guard let port = wholeNumber(text[...]), (1...65_535).contains(port) else {
      throw AnsibleRefusal(.invalidValue, "ansible_port is no number from 1 to 65535")
    }
    return port
  }

  private func identity() throws(AnsibleRefusal) -> String? {
    guard let path = try text(Self.identity) else { return nil }
    if path.hasPrefix("~/"), let home { return home + path.dropFirst() }
    return absolutePath(path, in: fleet.folder)
  }

  private func options() throws(AnsibleRefusal) -> [String] {
    var options: [String] = []
    for name in Self.arguments {
      guard let text = try text([name]) else { continue }
      guard let words = ShellWords.split(text) else {
        throw AnsibleRefusal(.invalidValue, "\(name) has a quotation mark that is not closed")
      }
      if let stray = SSHOptions.stray(in: words) {
        throw AnsibleRefusal(.invalidValue, "\(name): \"\(stray)\" is no option of ssh")
      }
      options += words
    }
    return options
  }
}
