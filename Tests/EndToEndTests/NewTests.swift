import Foundation
import TestSupport
import Testing

/// `flotilla new`: the next migration file.
@Suite struct NewTests {
  private func sqlFiles(_ fleet: SmallFleet) -> [String] {
    fleet.files.filter { $0.hasSuffix(".sql") }.sorted()
  }

  @Test(arguments: [
    ("Add e-mail", "add_e_mail"), ("add-email", "add_email"), ("AddEmail", "addemail"),
    (" add  email!", "add_email"),
    ("add_émail", "add_mail"), ("../add", "add"),
  ])
  func `a name that can't be is refused with one that can`(name: String, nearest: String) throws {
    let fleet = try SmallFleet(0)
    let run = try fleet.run("new", name)
    #expect(run.status == 64)
    #expect(run.errors.contains("did you mean \(nearest)?"), "\(run.errors)")
    #expect(sqlFiles(fleet).count == 3)
  }

  @Test(arguments: [
    [""], ["4_add"], ["_add"], ["---"], ["é"], [], ["add_a", "add_b"], ["--only", "x", "add_a"],
  ])
  func `wrong usage is told`(arguments: [String]) throws {
    let fleet = try SmallFleet(0)
    #expect(try Program.run(["new"] + arguments, in: fleet.folder.path).status == 64)
    #expect(try fleet.run("new", String(repeating: "a", count: 201)).status == 64)
    #expect(sqlFiles(fleet).count == 3)
  }

  @Test func `a file whose number isn't known keeps it from guessing one`() throws {
    let fleet = try SmallFleet(0)
    try fleet.migration("next.sql", "SELECT 1;")
    let run = try fleet.run("new", "add_email")
    #expect(run.status == 1 && run.errors.hasPrefix("flotilla: next.sql: "), "\(run.errors)")
    try FileManager.default.removeItem(atPath: fleet.folder.file("migrations/next.sql"))
    try fleet.migration("9223372036854775807_last.sql", "SELECT 1;")
    #expect(try fleet.run("new", "add_email").errors.contains("there is no number after 9223372036854775807"))
  }

  @Test func `a folder that isn't there or can't be written is told`() throws {
    let fleet = try SmallFleet(0)
    try FileManager.default.removeItem(atPath: fleet.folder.file("migrations"))
    let run = try fleet.run("new", "add_email")
    #expect(run.status == 1 && run.errors.contains("migrations: No such file or directory"), "\(run.errors)")
  }

  @Test func `the next file is made, and lint wants it written before anything else does`() throws {
    let fleet = try SmallFleet(1)
    let run = try fleet.run("new", "add_email_to_parents")
    #expect(run.status == 0)
    #expect(run.output == "migrations/0004_add_email_to_parents.sql\n")
    #expect(run.errors == "Next, once it is written: flotilla lint\n")
    #expect(
      try fleet.run("lint").words.contains("0004_add_email_to_parents.sql:4: error this condition has no"))
    #expect(try fleet.migrate().status == 1)
    #expect(try fleet.versions() == [[1]])
    let path = fleet.folder.file("migrations/0004_add_email_to_parents.sql")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let written = text.replacing("-- ALTER", with: "ALTER").replacing("users", with: "parents")
    try written.write(toFile: path, atomically: true, encoding: .utf8)
    #expect(try fleet.run("lint").output.contains("0 errors · 0 warnings"))
    #expect(try fleet.migrate().status == 0)
    #expect(try fleet.versions() == [[1, 2, 3, 4]])
  }

  @Test func `the number goes on from the highest, as wide`() throws {
    let fleet = try SmallFleet(0)
    #expect(try fleet.run("new", "add_one").output == "migrations/0004_add_one.sql\n")
    #expect(try fleet.run("new", "add_one").output == "migrations/0005_add_one.sql\n")
    try fleet.migration("01001_own.sql", "SELECT 1;")
    #expect(try fleet.run("new", "add_two").output == "migrations/01002_add_two.sql\n")
    try fleet.migration("99999_more.sql", "SELECT 1;")
    let run = try fleet.run("new", "email")
    #expect(run.output == "migrations/100000_email.sql\n")
    #expect(run.errors.hasPrefix("flotilla: by custom a verb comes first"), "\(run.errors)")
  }

  @Test func `the first file of an empty folder is number 1`() throws {
    let folder = try TemporaryFolder()
    try folder.write("fleet: new\nmigrations: m\ninstallations: [ { files: '*.db' } ]\n", to: "fleet.yml")
    try folder.write("", to: "m/README")
    #expect(try Program.run("new", "create_all", in: folder.path).output == "m/0001_create_all.sql\n")
  }

  // MARK: Before there is a fleet file

  @Test(arguments: FormatSample.certain)
  func `without a fleet file the only folder is taken, and the file begins as its tool's do`(
    sample: FormatSample
  ) throws {
    let folder = try TemporaryFolder()
    try sample.write(to: folder, in: "db/migrations")
    let before = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
    let run = try Program.run("new", "add_email", in: folder.path)
    guard sample.format != "atlas", sample.format != "drizzle" else {
      #expect(run.status == 1 && run.errors.contains("begins its files itself"), "\(run.errors)")
      #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.path) == before)
      return
    }
    #expect(run.status == 0, "\(run.errors)")
    let path = run.output.dropLast()
    #expect(path.hasPrefix("db/migrations/") && path.contains(/add_email|3\.sqm/), "\(path)")
    #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.path).contains(String(path)))
    #expect(run.errors == "Next, once it is written: flotilla lint db/migrations\n")
  }

  @Test func `without a fleet file a folder can be named`() throws {
    let folder = try TemporaryFolder()
    try folder.write("", to: "sql/README")
    let run = try Program.run("new", "create_all", "--folder", "sql/", in: folder.path)
    #expect(run.output == "sql/0001_create_all.sql\n", "\(run.errors)")
    let missing = try Program.run("new", "create_all", "--folder", "sq", in: folder.path)
    #expect(missing.status == 1 && missing.errors.contains("--folder sq: there is no such folder"))
  }

  @Test func `without a fleet file it is told what is missing`() throws {
    let folder = try TemporaryFolder()
    let nothing = try Program.run("new", "add_email", in: folder.path)
    #expect(
      nothing.status == 1 && nothing.errors.contains("--folder DIR, or the fleet file with --fleet FILE"))
    for path in ["audit", "db/migrations"] {
      try folder.write("CREATE TABLE t (a);", to: "\(path)/0001_init.sql")
    }
    let several = try Program.run("new", "add_email", in: folder.path)
    #expect(
      several.errors.contains("audit (numbered files), db/migrations (numbered files)"), "\(several.errors)")
    #expect(several.status == 1 && several.errors.contains("with --folder DIR"), "\(several.errors)")
    let named = try Program.run("--fleet", "no.yml", "new", "add_email", in: folder.path)
    #expect(named.status == 1 && named.errors.contains("--fleet names no.yml"), "\(named.errors)")
    let other = try TemporaryFolder()
    try other.write("import django", to: "manage.py")
    let program = try Program.run("new", "add_email", in: other.path)
    #expect(
      program.status == 1 && program.errors.contains("begin one with its own tool"), "\(program.errors)")
  }

  @Test func `with a fleet file its folder counts`() throws {
    let fleet = try SmallFleet(0)
    let run = try fleet.run("new", "add_email", "--folder", "migrations")
    #expect(run.status == 1 && run.errors.contains("leave out --folder"), "\(run.errors)")
    #expect(sqlFiles(fleet).count == 3)
    try fleet.folder.write("fleet: broken\n", to: "fleet.yml")
    #expect(try fleet.run("new", "add_email").status == 1)
    #expect(sqlFiles(fleet).count == 3)
  }
}
