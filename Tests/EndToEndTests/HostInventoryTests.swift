import Foundation
import TestSupport
import Testing

/// A host inventory that the real `ansible-inventory` reads.
@Suite struct HostInventoryTests {
  private static let hasAnsible = FileManager.default.isExecutableFile(atPath: "/usr/bin/ansible-inventory")

  @Test(.enabled(if: hasAnsible, "needs ansible-inventory (ansible-core)"))
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
}
