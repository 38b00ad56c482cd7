import Testing

@testable import Fleet

@Suite struct InventoryLocatorTests {
  let folder: InventoryFolder

  init() throws {
    folder = try InventoryFolder()
  }

  func locate(_ option: String? = nil, _ environment: [String: String] = [:]) throws -> String {
    try FleetFile.locate(option: option, environment: environment, currentDirectory: folder.path)
  }

  func complaint(_ option: String? = nil, _ environment: [String: String] = [:]) -> String {
    do {
      return "found \(try locate(option, environment))"
    } catch {
      return "\(error)"
    }
  }

  @Test func `no fleet file is told with what to do`() {
    #expect(
      complaint()
        == "there is no fleet file: neither fleet.yml nor inventory/*/fleet.yml; name one with --fleet FILE, or let "
        + "flotilla init write one")
  }

  @Test func `several fleet files are listed`() throws {
    try folder.write("inventory/b/fleet.yml")
    try folder.write("inventory/a c/fleet.yml")
    #expect(
      complaint()
        == "there are 2 fleet files, name one with --fleet FILE: inventory/a c/fleet.yml, inventory/b/fleet.yml"
    )
  }

  @Test func `a file that is asked for and isn't there is never replaced by another`() throws {
    try folder.write("fleet.yml")
    #expect(complaint("x.yml") == "--fleet names x.yml, which does not exist")
    #expect(complaint("") == "--fleet is empty; it names the fleet file")
    #expect(
      complaint(nil, ["FLOTILLA_FLEET": "y.yml"]) == "$FLOTILLA_FLEET names y.yml, which does not exist")
    #expect(complaint(".") == "--fleet names ., which is a folder — did you mean \"./fleet.yml\"?")
  }

  @Test func `the option goes before the variable, and the variable before the folder`() throws {
    try folder.write("inventory/a/fleet.yml")
    #expect(try locate() == "inventory/a/fleet.yml")
    try folder.write("fleet.yml")
    #expect(try locate() == "fleet.yml")
    let other = try folder.write("other.yml")
    #expect(try locate(nil, ["FLOTILLA_FLEET": other]) == other)
    #expect(try locate("./fleet.yml", ["FLOTILLA_FLEET": other]) == "./fleet.yml")
    #expect(try locate(nil, ["FLOTILLA_FLEET": ""]) == "fleet.yml")
  }
}
