import Foundation
import TestSupport
import Testing

@testable import Fleet

// One after the other: a script that is being written while another test starts a program would be "text file busy".
@Suite(.serialized, .ownThreads) struct InventoryAnsibleTests {
  let folder: InventoryFolder

  init() throws {
    folder = try InventoryFolder()
  }

  func script(_ body: String, name: String = "hosts.sh") throws {
    try folder.write(name, "#!/bin/sh\n\(body)\n", executable: true)
  }

  @Test func `a program that fails is told with its status and its last words`() throws {
    try script("echo 'no route' >&2; echo 'to the CMDB' >&2; exit 7")
    #expect(
      folder.complaint("  - { from: ./hosts.sh }\n")
        == "fleet.yml:4: ./hosts.sh failed with exit status 7: no route | to the CMDB")
  }

  @Test func `a program that is killed is told with its signal`() throws {
    try script("kill -9 $$")
    #expect(folder.complaint("  - { from: ./hosts.sh }\n") == "fleet.yml:4: ./hosts.sh was ended by signal 9")
  }

  @Test func `an executable file that is no program is told`() throws {
    try folder.write("hosts.ini", "[stores]\na\n", executable: true)
    #expect(
      folder.complaint("  - { from: hosts.ini }\n")
        == "fleet.yml:4: hosts.ini can't be run: it is executable but no program (is the #! line missing?)")
  }

  @Test func `a missing file and a missing Ansible are told`() throws {
    #expect(folder.complaint("  - { from: hosts.ini }\n") == "fleet.yml:4: hosts.ini does not exist")
    try folder.write("hosts.ini", "[stores]\na\n")
    #expect(
      folder.complaint("  - { from: hosts.ini }\n", environment: ["PATH": folder.path])
        == "fleet.yml:4: hosts.ini is read with ansible-inventory, which is not installed: install ansible-core, "
        + "or make hosts.ini executable if it is a program that prints an inventory")
  }

  @Test(arguments: [
    ("not json", "what ./hosts.sh prints is not JSON: line 1: a value is expected"),
    ("[1]", "what ./hosts.sh prints must be a JSON object of groups"),
    (#"{"a": {"hosts": 3}}"#, "what ./hosts.sh prints must have a list of names at a.hosts"),
    ("", "what ./hosts.sh prints is not JSON: line 2: it ends too early"),
  ])
  func `output that is no inventory is told`(_ output: String, _ complaint: String) throws {
    try script("cat <<'X'\n\(output)\nX")
    #expect(folder.complaint("  - { from: ./hosts.sh }\n").hasPrefix("fleet.yml:4: \(complaint)"))
  }

  @Test(arguments: [
    (#"{"flotilla_path": null}"#, "host \"a\" has no flotilla_path, and \"defaults.path\" is not set"),
    (
      #"{"flotilla_path": "/x", "ansible_host": "-oX"}"#, "host \"a\": host \"-oX\" must not begin with \"-\""
    ),
    (
      #"{"flotilla_path": "/x", "ansible_port": "ssh"}"#,
      "host \"a\": ansible_port is no number from 1 to 65535"
    ),
  ])
  func `a host that can't be used is told`(_ variables: String, _ complaint: String) throws {
    try script(#"echo '{"_meta": {"hostvars": {"a": \#(variables)}}}'"#)
    #expect(folder.complaint("  - { from: ./hosts.sh }\n") == "fleet.yml:4: ./hosts.sh: \(complaint)")
  }

  @Test func `a host with a slash in its name is refused`() throws {
    try script(#"echo '{"g": ["a/b"]}'"#)
    #expect(
      folder.complaint("  - { from: ./hosts.sh }\n")
        == "fleet.yml:4: ./hosts.sh: id \"a/b\" must not contain \"/\"")
  }

  @Test func `a program that doesn't end is stopped with what it started`() throws {
    let body = "sleep 60 &\necho $! > \"${0%/*}/pid\"\nwait"
    let file = try folder.write("slow.sh", "#!/bin/sh\n\(body)\n", executable: true)
    var program = InventoryProgram(path: file, arguments: [], environment: ["PATH": "/usr/bin:/bin"])
    program.timeout = .seconds(1)
    let start = ContinuousClock.now
    let failure = #expect(throws: InventoryProgram.Failure.self) { try program.output() }
    #expect(failure?.description == "was stopped after 1 s without an end")
    #expect(ContinuousClock.now - start < .seconds(20))
    let process = try InventoryPath.read("\(folder.path)/pid").filter(\.isNumber)
    // Gone, or waiting to be collected by whoever inherited it; the signal takes a moment.
    var isEnded = false
    for _ in 0..<200 where !isEnded {
      let status = (try? InventoryPath.read("/proc/\(process)/status")) ?? "State:\tX"
      isEnded = status.contains("State:\tZ") || status.contains("State:\tX")
      if !isEnded { usleep(10_000) }
    }
    #expect(isEnded)
  }

  @Test func `a program that prints without end is stopped`() throws {
    let file = try folder.write(
      "loud.sh", "#!/bin/sh\nwhile :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done\n", executable: true)
    var program = InventoryProgram(path: file, arguments: [], environment: [:])
    program.longestOutput = 1 << 20
    let failure = #expect(throws: InventoryProgram.Failure.self) { try program.output() }
    #expect(failure?.description == "was stopped after printing more than 1 MB")
  }

  @Test func `much on both outputs at once doesn't block`() throws {
    let body = "i=0; while [ $i -lt 20000 ]; do echo oooooooooo; echo eeeeeeeeee >&2; i=$((i+1)); done"
    let file = try folder.write("both.sh", "#!/bin/sh\n\(body)\n", executable: true)
    let output = try InventoryProgram(path: file, arguments: [], environment: [:]).output()
    #expect(output.count == 220_000)
  }

  @Test func `a list without a host is a warning`() throws {
    try script("echo '{}'")
    let inventory = try folder.inventory("  - { id: a, path: a }\n  - { from: ./hosts.sh }\n")
    #expect(inventory.warnings.map(\.description) == ["fleet.yml:5: ./hosts.sh lists no host"])
  }

  @Test func `a program that lists hosts gets none of our secrets`() throws {
    let folder = try TemporaryFolder()
    let script = """
      #!/bin/sh
      env >'\(folder.path)/variables'
      echo '{"all": ["a"], "_meta": {"hostvars": {"a": {"flotilla_path": "/db"}}}}'
      """
    let file = try folder.write(script, to: "hosts.sh")
    chmod(file, 0o755)
    try folder.write(
      """
      fleet: f
      migrations: m
      installations: [{ from: hosts.sh }]
      report: { url: "https://${HOST_OF_A_TEST}/", token: "${TOKEN_OF_A_TEST}", secret: ["${ONE_OF_A_TEST}", "x${TWO_OF_A_TEST}"] }
      """, to: "fleet.yml")
    let environment = [
      "TOKEN_OF_A_TEST": "s3cret", "ONE_OF_A_TEST": "s3cret", "TWO_OF_A_TEST": "s3cret",
      "FLOTILLA_REPORT_TOKEN": "s3cret", "HOST_OF_A_TEST": "kept.example", "PATH": "/usr/bin:/bin",
    ]
    let fleet = try FleetFile.load("fleet.yml", currentDirectory: folder.path, environment: environment)
    #expect(try fleet.inventory(environment: environment).installations.map(\.id) == ["a"])
    let variables = try String(contentsOfFile: folder.file("variables"), encoding: .utf8)
    #expect(!variables.contains("s3cret"), "\(variables)")
    #expect(variables.contains("HOST_OF_A_TEST=kept.example"), "\(variables)")
  }

  @Test func `a program is run without a shell, with --list and the given environment`() throws {
    try script(#"[ "$1" = --list ] && [ $# = 1 ] && echo "{\"g\": [\"$WHO\"]}""#, name: "a 'b' $(c).sh")
    let inventory = try folder.inventory(
      "  - { from: \"a 'b' $(c).sh\" }\n", more: "defaults: { path: /db }\n", environment: ["WHO": "paris"])
    #expect(inventory.installations.map(\.id) == ["paris"])
    #expect(inventory.installations[0].machine.address == "paris")
    #expect(inventory.installations[0].groups == ["g"])
  }

  static let listing = #"""
    {
      "all": { "children": ["stores", "ungrouped"], "vars": { "tier": 1, "region": "none", "flotilla_path": "/all.db" } },
      "stores": { "children": ["eu", "us"], "vars": { "region": "stores" } },
      "eu": { "hosts": ["berlin", "paris"], "vars": { "region": "eu", "open": true } },
      "us": ["boston"],
      "loop": { "children": ["loop"] },
      "ungrouped": { "hosts": ["lab"] },
      "_meta": { "hostvars": {
        "berlin": { "ansible_host": "10.0.0.1", "ansible_user": "u", "ansible_port": 2222, "ansible_become": true,
                    "flotilla_path": "/b.db", "db_password": "x", "ansible_ssh_pass": "y", "list": [1], "n": null },
        "lab": { "ansible_connection": "local", "flotilla_path": "lab.db", "tier": 2.5 }
      } }
    }
    """#

  @Test func `Ansible's JSON gives hosts, groups, connections and labels`() throws {
    try script("cat <<'X'\n\(Self.listing)\nX")
    let inventory = try folder.inventory(
      "  - { from: ./hosts.sh, groups: [extra], labels: { source: cmdb } }\n",
      environment: ["PATH": "/usr/bin:/bin"])
    let (berlin, boston) = (inventory.installations[0], inventory.installations[1])
    #expect(inventory.installations.map(\.id) == ["berlin", "boston", "lab", "paris"])
    #expect(berlin.machine == .remote(Host("10.0.0.1", user: "u", port: 2222, become: "root")))
    #expect(berlin.path == "/b.db")
    #expect(berlin.groups == ["eu", "stores", "extra"])
    #expect(berlin.labels == ["tier": "1", "region": "eu", "open": "true", "source": "cmdb"])
    #expect(boston.machine == .remote(Host("boston")))
    #expect(boston.path == "/all.db")
    #expect(boston.labels["region"] == "stores")
    let lab = inventory.installations[2]
    #expect(lab.machine == .local)
    #expect(lab.path == "\(folder.path)/lab.db")
    #expect(lab.groups == ["extra"])
    #expect(lab.labels["tier"] == "2.5")
  }

  @Test func `any other file is read by ansible-inventory`() throws {
    try folder.write("hosts.ini", "[stores]\na\n")
    let body =
      #"[ "$1" = -i ] && [ "$3" = --list ] && [ "$ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED" = true ]"#
    try script(body + #" && [ -r "$2" ] && echo '{"stores": ["a"]}'"#, name: "bin/ansible-inventory")
    let inventory = try folder.inventory(
      "  - { from: hosts.ini }\n", more: "defaults: { path: /db }\n",
      environment: ["PATH": "relative:/nowhere:\(folder.path)/bin"])
    #expect(inventory.installations.map(\.id) == ["a"])
  }

  // MARK: How hosts are reached

  /// The installations of one host with these variables, as JSON.
  private func inventory(_ variables: String, more: String = "defaults: { path: /db }\n") throws -> Inventory
  {
    try script("cat <<'X'\n{\"_meta\": {\"hostvars\": {\"a.b\": \(variables)}}}\nX")
    return try folder.inventory(
      "  - { from: ./hosts.sh }\n", more: more, environment: ["PATH": "/usr/bin:/bin", "HOME": "/home/me"])
  }

  @Test func `Ansible's key and arguments for ssh are heeded`() throws {
    let inventory = try inventory(
      #"""
      {"ansible_ssh_private_key_file": "~/.ssh/{{ site }} key", "site": "eu",
       "ansible_ssh_common_args": "-o 'ProxyCommand=ssh -W %h:%p \"b c\"' -J x",
       "ansible_ssh_extra_args": "-vC -o\\ X=1", "ansible_ssh_user": "u", "ansible_ssh_port": 22}
      """#)
    #expect(inventory.warnings.isEmpty)
    #expect(
      inventory.installations[0].machine
        == .remote(
          Host(
            "a.b", user: "u", port: 22, identity: "/home/me/.ssh/eu key",
            options: ["-o", "ProxyCommand=ssh -W %h:%p \"b c\"", "-J", "x", "-vC", "-o X=1"])))
  }

  @Test(arguments: [
    (
      #"{"ansible_ssh_common_args": "-o 'x"}"#,
      "ansible_ssh_common_args has a quotation mark that is not closed"
    ),
    (
      #"{"ansible_ssh_extra_args": "-o A=b other.host"}"#,
      "ansible_ssh_extra_args: \"other.host\" is no option of ssh"
    ),
    (#"{"ansible_ssh_extra_args": "--"}"#, "ansible_ssh_extra_args: \"--\" is no option of ssh"),
    (#"{"ansible_host": ["x"]}"#, "ansible_host must be a text"),
    (#"{"ansible_become": "{{ b }}", "b": true}"#, "ansible_become must be true or false"),
    (#"{"flotilla_path": []}"#, "flotilla_path must be a path or a list of paths"),
    (#"{"flotilla_path": ["/a", 3]}"#, "flotilla_path must be a path or a list of paths"),
    (#"{"flotilla_path": {"a": "/a"}}"#, "flotilla_path must be a path or a list of paths"),
    (#"{"flotilla_path": "/{{ x }}"}"#, "flotilla_path refers to {{ x }}, which the host doesn't have"),
    (
      #"{"flotilla_path": "/{{ x }}", "x": "{{ y }}", "y": "{{x}}"}"#,
      "flotilla_path refers to itself, by way of other variables"
    ),
    (
      #"{"flotilla_path": "/{{ x | default('y') }}", "x": "z"}"#,
      "flotilla_path is \"/{{ x | default('y') }}\": only {{ NAME }} is understood, with the name of a variable of "
        + "the host"
    ),
    (
      #"{"ansible_host": "{% if x %}y{% endif %}"}"#,
      "ansible_host is \"{% if x %}y{% endif %}\": only {{ NAME }} is understood, with the name of a variable of "
        + "the host"
    ),
    (
      #"{"flotilla_path": "/{{ x"}"#,
      "flotilla_path is \"/{{ x\": only {{ NAME }} is understood, with the name of a variable of the host"
    ),
  ])
  func `what of a host can't be done as it is meant is refused`(_ variables: String, _ complaint: String)
    throws
  {
    let error = #expect(throws: InventoryErrors.self) { try inventory(variables) }
    #expect(error?.description == "fleet.yml:5: ./hosts.sh: host \"a.b\": \(complaint)")
  }

  @Test func `variables that change how a host is reached and aren't heeded are named in one line`() throws {
    let inventory = try inventory(
      #"""
      {"ansible_connection": "paramiko", "ansible_ssh_pass": "secret", "ansible_become": true,
       "ansible_become_method": "su", "ansible_become_password": "secret", "ansible_ssh_args": "-C",
       "ansible_ssh_pipelining": true, "ansible_python_interpreter": "/usr/bin/python3",
       "ansible_ssh_host_key_rsa_public": "AAAA", "ansible_distribution": "Debian"}
      """#)
    #expect(
      inventory.warnings.map(\.description) == [
        "fleet.yml:5: ./hosts.sh has variables that are not heeded when hosts are reached: "
          + "ansible_become_method=su (1 host), ansible_become_password (1 host), ansible_connection=paramiko "
          + "(1 host), ansible_ssh_args (1 host), ansible_ssh_pass (1 host)"
      ])
    #expect(inventory.installations.count == 1)
  }

  @Test func `becoming somebody else on this machine is named as not heeded`() throws {
    let inventory = try inventory(#"{"ansible_connection": "local", "ansible_become": true}"#)
    #expect(inventory.warnings.count == 1 && inventory.installations[0].machine == .local)
    #expect(inventory.warnings[0].message.hasSuffix("ansible_become with ansible_connection=local (1 host)"))
  }

  @Test(arguments: ["ssh", "smart", "ansible.builtin.ssh"])
  func `a connection through ssh is what Flotilla makes`(kind: String) throws {
    let inventory = try inventory("{\"ansible_connection\": \"\(kind)\"}")
    #expect(inventory.warnings.isEmpty && inventory.installations[0].machine == .remote(Host("a.b")))
  }

  @Test func `several databases of one host have ids that stay distinct`() throws {
    let inventory = try inventory(
      #"""
      {"flotilla_path": ["/srv/{{ app }}/orders.sqlite", "/srv/{{ app }}/users.db"], "app": "shop",
       "ansible_host": "10.0.0.1"}
      """#)
    #expect(inventory.installations.map(\.id) == ["a.b-orders", "a.b-users"])
    #expect(inventory.installations.map(\.path) == ["/srv/shop/orders.sqlite", "/srv/shop/users.db"])
    #expect(Set(inventory.installations.map(\.machine)) == [.remote(Host("10.0.0.1"))])
    #expect(inventory.installations.allSatisfy { $0.groups == ["a.b"] })
  }

  @Test func `files of one name are told from each other by their folders`() throws {
    #expect(
      try inventory(#"{"flotilla_path": ["/srv/a/db.sqlite", "/srv/b/db.sqlite"]}"#).installations.map(\.id)
        == ["a.b-a-db", "a.b-b-db"])
    #expect(
      try inventory(#"{"flotilla_path": ["x/one/db.sqlite", "y/one/db.sqlite", "db.sqlite"]}"#).installations
        .map(\.id) == ["a.b-x-one-db", "a.b-y-one-db", "a.b-db"])
    let same = #expect(throws: InventoryErrors.self) { try inventory(#"{"flotilla_path": ["/a", "/a"]}"#) }
    #expect(same?.description.contains("is the same file as") == true)
  }

  @Test func `a list of one, a list of a group and a path of the host itself`() throws {
    #expect(try inventory(#"{"flotilla_path": ["/srv/db.sqlite"]}"#).installations.map(\.id) == ["a.b-db"])
    try script(
      #"""
      cat <<'X'
      {"g": {"hosts": ["h", "i"], "vars": {"flotilla_path": ["/1.db", "/2.db"]}},
       "_meta": {"hostvars": {"h": {"flotilla_path": "/own.db"}}}}
      X
      """#)
    let inventory = try folder.inventory("  - { from: ./hosts.sh }\n", environment: ["PATH": "/usr/bin:/bin"])
    #expect(inventory.installations.map(\.id) == ["h", "i-1", "i-2"])
  }

  @Test func `the path that holds for all is filled in for each host`() throws {
    let inventory = try inventory(
      #"{"tier": 2}"#, more: "defaults: { path: \"/srv/{{ inventory_hostname_short }}/{{tier}}.db\" }\n")
    #expect(inventory.installations[0].path == "/srv/a/2.db")
  }

  @Test(arguments: [
    ("a b", ["a", "b"]), ("  ", []), ("'a b'c", ["a bc"]),
    (#"a\ b "c \" d" "\e""#, ["a b", "c \" d", "\\e"]),
    ("''", [""]), ("\"a\nb\"", ["a\nb"]), ("a\\\nb", ["ab"]),
  ])
  func `words are split as a shell splits them`(text: String, words: [String]) {
    #expect(ShellWords.split(text) == words)
  }
}
