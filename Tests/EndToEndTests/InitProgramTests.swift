import Foundation
import SQLite
import TestSupport
import Testing

/// `flotilla init` for applications whose migrations are a program.
@Suite struct InitProgramTests {
  private let folder: TemporaryFolder
  private static let environment = ["PYTHONPATH": Repository.packages, "PYTHONDONTWRITEBYTECODE": "1"]

  init() throws { folder = try TemporaryFolder() }

  private func run(_ words: String...) throws -> ProgramResult {
    try Program.run(words, in: folder.path, environment: Self.environment)
  }

  private func fleetFile() throws -> String {
    try String(contentsOfFile: folder.file("fleet.yml"), encoding: .utf8)
  }

  private func copy(_ fixture: String, as name: String) throws {
    let source = "\(Repository.root)/Tests/EndToEndTests/Fixtures/\(fixture)"
    try FileManager.default.copyItem(atPath: source, toPath: folder.file(name))
  }

  @Test(arguments: [
    ("'NAME': BASE_DIR / 'db.sqlite3'", "its settings take no database from the environment"),
    ("# os.environ['DATABASE']", "its settings take no database from the environment"),
    ("'HOST': env('DB_HOST'), 'NAME': BASE_DIR / 'db.sqlite3'", "its settings take no database"),
    (
      "'NAME': os.environ['DB_NAME'], 'LOG': getenv('DATABASE_URL')",
      "its settings read DATABASE_URL, DB_NAME"
    ),
  ])
  func `a program that can't be told its database is refused`(settings: String, message: String) throws {
    try folder.write("import django\n", to: "manage.py")
    try folder.write("DATABASES = {'default': {\n\(settings)\n}}\n", to: "shop/settings.py")
    let result = try run("init")
    #expect(result.status == 1 && result.words(of: \.errors).contains(message), "\(result.errors)")
    #expect(result.words(of: \.errors).contains("\"NAME\": os.environ.get(\"DATABASE\""), "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("fleet.yml")))
  }

  @Test(arguments: [
    ("\"NAME\": os.environ.get(\"SHOP_DB_PATH\", \"x\")", "env: { SHOP_DB_PATH: \"{path}\" }"),
    ("'default': env.db()", "env: { DATABASE_URL: \"sqlite:///{path}\" }"),
    ("'default': dj_database_url.config()", "env: { DATABASE_URL: \"sqlite:///{path}\" }"),
    ("'NAME': os.getenv('DATABASE')", "env: { DATABASE: \"{path}\" }"),
  ])
  func `the variable is told by the settings`(settings: String, expected: String) throws {
    try folder.write("import django\n", to: "web/manage.py")
    try folder.write("DATABASES = {\n\(settings)\n}\n", to: "web/shop/settings/base.py")
    let result = try run("init")
    #expect(result.status == 0, "\(result.errors)")
    let text = try fleetFile()
    #expect(text.contains("  run: [python3, manage.py, migrate, --noinput]\n  \(expected)\n"), "\(text)")
    #expect(text.contains("  path: web\n"), "\(text)")
    #expect(text.contains("  format: django\n"), "\(text)")
  }

  @Test func `the Python of a virtual environment is taken`() throws {
    try folder.write("import django\n", to: "manage.py")
    try folder.write("os.environ['DATABASE']", to: "settings.py")
    let python = try folder.write("#!/bin/sh\n", to: ".venv/bin/python3")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: python)
    #expect(try run("init").status == 0)
    #expect(try fleetFile().contains("run: [\".venv/bin/python3\", manage.py, migrate"))
  }

  @Test(
    .needs(.python, .migrators),
    arguments: [
      ("django", ["manage.py", "migrate", "shop", "0001"], "shop.0001_initial"),
      ("alembic", ["-m", "alembic", "upgrade", "a1"], "a1"),
    ])
  func `a fleet that a program migrates is upgraded with the file that is written`(
    fixture: String, words: [String], version: String
  ) throws {
    try copy(fixture, as: "app")
    try folder.write("", to: "dbs/here")
    for name in ["a", "b"] {
      let settings =
        Self.environment.map { "\($0)=\($1)" } + ["DATABASE=\(folder.file("dbs/\(name).sqlite"))"]
      try Tool.output(of: ["env", "-C", folder.file("app")] + settings + ["python3"] + words)
    }
    let result = try run("init")
    #expect(result.status == 0 && result.errors.hasSuffix("Next: flotilla plan\n"), "\(result.errors)")
    #expect(
      result.words(of: \.errors).contains("2 in dbs/*.sqlite 2 at version \(version)"), "\(result.errors)")
    let plan = try run("plan")
    #expect(plan.status == 0 && plan.words.contains("2 to migrate"), "\(plan.output)\(plan.errors)")
  }
}
