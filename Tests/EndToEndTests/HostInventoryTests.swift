import Foundation
import TestSupport
import Testing

/// A host inventory that the real `ansible-inventory` reads.
@Suite struct HostInventoryTests {

  @Test(.needs(.ansible))
  func `a fleet is read from Ansible's inventory, and migrated`() throws {
    let hosts = try TwoHosts()
    try hosts.fleet.folder.write(
      """
      [stores]
      berlin ansible_port=\(hosts.good.port) flotilla_path=\(hosts.fleet.path(0)) region=eu
      boston ansible_port=\(hosts.bad.port) flotilla_path=\(hosts.fleet.path(1)) region=us

      [canary]
      berlin

      [all:vars]
      ansible_host=127.0.0.1
      """, to: "hosts.ini")
    try hosts.fleet.configure(
      "ssh: { options: [-F, \(hosts.fleet.folder.file("ssh_config"))] }\nrollout: { waves: [canary, 100%] }",
      installations: "  - { from: hosts.ini }")
    let run = try hosts.fleet.migrate()
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(try hosts.fleet.versions() == [[1, 2, 3], [1, 2, 3]])
    let records = try hosts.fleet.records()
    #expect(Set(records.keys) == ["berlin", "boston"])
    #expect(records["berlin"]?["wave"] as? Int == 1 && records["boston"]?["wave"] as? Int == 2)
    #expect((records["boston"]?["groups"] as? [String])?.contains("stores") == true, "\(records)")
    #expect(records["boston"]?["host"] as? String == "127.0.0.1")
    #expect((records["boston"]?["labels"] as? [String: String])?["region"] == "us", "\(records)")
  }

  @Test(.needs(.ansible))
  func `keys, arguments and several databases of a host are taken from Ansible's inventory`() throws {
    let hosts = try TwoHosts(count: 3)
    let known = { (host: SSHServer) in host.folder.file("known_hosts") }
    try hosts.fleet.folder.write("GlobalKnownHostsFile /dev/null\n", to: "ssh_config")
    try hosts.fleet.folder.write(
      """
      all:
        vars:
          ansible_host: 127.0.0.1
          folder: \(hosts.fleet.folder.file("db"))
        hosts:
          berlin:
            ansible_port: \(hosts.good.port)
            ansible_ssh_private_key_file: \(hosts.good.folder.file("user_key"))
            ansible_ssh_common_args: "-o 'UserKnownHostsFile=\(known(hosts.good))'"
            flotilla_path: ["{{ folder }}/i0000.sqlite", "{{ folder }}/i0002.sqlite"]
          boston:
            ansible_port: \(hosts.bad.port)
            ansible_ssh_private_key_file: \(hosts.bad.folder.file("user_key"))
            ansible_ssh_extra_args: -o UserKnownHostsFile=\(known(hosts.bad))
            ansible_ssh_pass: secret
            flotilla_path: "{{ folder }}/i0001.sqlite"
      """, to: "hosts.yml")
    try hosts.fleet.configure(
      "ssh: { options: [-F, \(hosts.fleet.folder.file("ssh_config"))] }",
      installations: "  - { from: hosts.yml }")
    let run = try hosts.fleet.migrate()
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(
      run.errors.contains("not heeded when hosts are reached: ansible_ssh_pass (1 host)"), "\(run.errors)")
    #expect(!run.errors.contains("secret"))
    #expect(try hosts.fleet.versions() == [[1, 2, 3], [1, 2, 3], [1, 2, 3]])
    #expect(Set(try hosts.fleet.records().keys) == ["berlin-i0000", "berlin-i0002", "boston"])
    #expect(hosts.good.logins == 1 && hosts.bad.logins == 1)
  }
}
