import Foundation
import SQLite
import TestSupport
import Testing

/// Fleets whose migrations are a program: Django and Alembic.
@Suite(.needs(.python, .migrators)) struct ProgramFleetTests {
  private let folder: TemporaryFolder
  private static let environment = ["PYTHONPATH": Repository.packages, "PYTHONDONTWRITEBYTECODE": "1"]

  init() throws { folder = try TemporaryFolder() }

  private func copy(_ fixture: String) throws {
    let source = "\(Repository.root)/Tests/EndToEndTests/Fixtures/\(fixture)"
    try FileManager.default.copyItem(atPath: source, toPath: folder.file("app"))
  }

  /// Writes a fleet file whose program is `words`, run in the folder of the application.
  private func configure(_ words: String, _ more: String = "", format: String) throws {
    try folder.write(
      """
      fleet: apps
      migrations:
        path: app
        run: [\(words)]
        env: { DATABASE: "{path}" }
        format: \(format)
      \(more)
      installations: [{ files: dbs/*.sqlite }]
      rollout: { max_failures: 100% }
      """, to: "fleet.yml")
  }

  private func run(_ words: String...) throws -> ProgramResult {
    try Program.run(words, in: folder.path, environment: Self.environment)
  }

  /// Runs a module of Python in the application's folder, on the database `name`.
  @discardableResult private func python(_ words: [String], on name: String, _ more: [String: String] = [:])
    throws
    -> String
  {
    let variables = Self.environment.merging(["DATABASE": folder.file("dbs/\(name).sqlite")]) { $1 }.merging(
      more
    ) {
      $1
    }
    let settings = variables.map { "\($0)=\($1)" }
    return try Tool.output(of: ["env", "-C", folder.file("app")] + settings + ["python3"] + words)
  }

  private func database(_ name: String) throws -> Connection {
    try Connection(path: folder.file("dbs/\(name).sqlite"), access: .readWrite)
  }

  private func rows(_ sql: String, _ name: String) throws -> [String] {
    try IndependentReader.rows(sql, at: folder.file("dbs/\(name).sqlite"))
  }

  // MARK: Django

  /// Makes databases at the first migrations of both applications, and puts rows into them. The customer of the
  /// database `broken` has no name, at which the third migration raises.
  private func djangoFleet(_ names: [String], broken: String) throws {
    try copy("django")
    try FileManager.default.createDirectory(atPath: folder.file("dbs"), withIntermediateDirectories: true)
    try configure("python3, manage.py, migrate, --noinput", format: "django")
    try python(["manage.py", "migrate", "blog", "0001"], on: "template")
    try python(["manage.py", "migrate", "shop", "0001"], on: "template")
    for (index, name) in names.enumerated() {
      try FileManager.default.copyItem(
        atPath: folder.file("dbs/template.sqlite"), toPath: folder.file("dbs/\(name).sqlite"))
      let database = try database(name)
      if index % 2 == 0 { try database.execute("PRAGMA journal_mode=WAL") }
      try database.executeScript(
        """
        INSERT INTO shop_customer (id, name) VALUES (1, 'Ada'), (2, '\(name == broken ? "" : "Grace")'), (3, 'Lin');
        INSERT INTO shop_order (customer_id, total) VALUES (1, 5), (2, 6), (3, 7);
        INSERT INTO blog_post (author_id, title) VALUES (1, 'one'), (3, 'two');
        """)
      database.close()
    }
    try FileManager.default.removeItem(atPath: folder.file("dbs/template.sqlite"))
  }

  @Test func `of twenty databases that Django migrates, the one whose data migration raises is as it was`()
    throws
  {
    let names = (1...20).map { "store-\($0)" }
    try djangoFleet(names, broken: "store-7")
    let before = try Content.bytes(folder.file("dbs/store-7.sqlite"))
    let plan = try run("plan")
    #expect(plan.status == 0 && plan.words.contains("20 to migrate"), "\(plan.output)\(plan.errors)")
    let result = try run("migrate", "--yes")
    #expect(result.status == 3, "\(result.output)\(result.errors)")
    #expect(
      result.words.contains("1 failed store-7") && result.words.contains("customer 2 has no name"),
      "\(result.output)")
    #expect(result.words.contains("19 migrated · 1 failed"), "\(result.output)")
    #expect(try Content.bytes(folder.file("dbs/store-7.sqlite")) == before)
    for name in names {
      let shown = try python(["manage.py", "showmigrations", "--plan"], on: name)
      #expect(shown.contains("[ ]") == (name == "store-7"), "\(name): \(shown)")
      let emails = name == "store-7" ? [] : try rows("SELECT email FROM shop_customer ORDER BY id", name)
      #expect(name == "store-7" || emails == ["Ada@example.com", "Grace@example.com", "Lin@example.com"])
      #expect(
        try rows("SELECT count(*) FROM shop_order UNION ALL SELECT count(*) FROM blog_post", name) == [
          "3", "2",
        ])
    }
    #expect(try run("drift").status == 0)
    let mended = try database("store-7")
    try mended.execute("UPDATE shop_customer SET name = 'Grace' WHERE id = 2")
    mended.close()
    let again = try run("migrate", "--yes")
    #expect(
      again.status == 0 && again.words.contains("1 migrated · 19 current"), "\(again.output)\(again.errors)")
    let backups = try run("--only", "store-1", "backups")
    #expect(backups.output.contains("version shop.0001_initial"), "\(backups.output)")
  }

  @Test func `a kept plan is compared with what the program has recorded, too`() throws {
    try djangoFleet(["a", "b", "c"], broken: "")
    let row =
      "INSERT INTO django_migrations (app, name, applied) VALUES (''blog'', ''0009_other'', ''2026-01-01'')"
      .replacing("''", with: "'")
    try folder.write(row, to: "row.sql")
    // The second is changed before the run, and the third one between the look and the lock.
    let hook =
      "case $FLOTILLA_INSTALLATION_PATH in *c.sqlite) sqlite3 $FLOTILLA_INSTALLATION_PATH < row.sql;; esac"
    try configure(
      "python3, manage.py, migrate, --noinput", "hooks: { before: [sh, -c, \"\(hook)\"] }", format: "django")
    #expect(try run("plan", "--output", "plan.json").status == 0)
    let changed = try database("b")
    try changed.execute("CREATE TABLE extra (id INTEGER)")
    changed.close()
    let result = try run("migrate", "--yes", "--plan", "plan.json")
    #expect(result.status == 3, "\(result.output)\(result.errors)")
    #expect(result.words.contains("1 migrated · 2 failed"), "\(result.output)")
    #expect(result.words.contains("its schema is another one"))
    #expect(result.words.contains("it records blog.0009_other"), "\(result.output)")
    for name in ["b", "c"] {
      #expect(
        try rows("SELECT count(*) FROM django_migrations WHERE name = '0002_customer_email'", name) == ["0"])
    }
    #expect(try run("backups").output.split(separator: "\n").count == 1)
  }

  @Test func `a program that ends with status 0 and does nothing has failed`() throws {
    try djangoFleet(["a"], broken: "")
    // The first run, on an empty database, is a real one.
    try folder.write(
      """
      import os, subprocess, sys
      if os.path.getsize(os.environ["DATABASE"]) == 0:
          sys.exit(subprocess.call([sys.executable, "manage.py", "migrate", "--noinput"]))
      """, to: "app/lazy.py")
    try configure("python3, lazy.py", format: "django")
    let before = try Content.bytes(folder.file("dbs/a.sqlite"))
    let result = try run("migrate", "--yes")
    #expect(
      result.status == 3 && result.words.contains("has not recorded"), "\(result.output)\(result.errors)")
    #expect(try Content.bytes(folder.file("dbs/a.sqlite")) == before)
  }

  @Test func `a program that deletes rows or drops columns is stopped, and deletes permits it`() throws {
    try djangoFleet(["a"], broken: "")
    try folder.write(
      """
      from django.db import migrations

      class Migration(migrations.Migration):
          dependencies = [("shop", "0004_larger_totals"), ("blog", "0002_longer_titles")]
          operations = [
              migrations.RunSQL("DELETE FROM blog_post WHERE id = 1"),
              migrations.RemoveField("order", "total"),
          ]
      """, to: "app/shop/migrations/0005_harm.py")
    let before = try Content.bytes(folder.file("dbs/a.sqlite"))
    let rows = try run("migrate", "--yes")
    #expect(rows.status == 3 && rows.words.contains("1 row of blog_post would be lost"), "\(rows.output)")
    #expect(rows.words.contains("deletes: [blog_post]"))
    try configure("python3, manage.py, migrate, --noinput", "  deletes: [blog_post]", format: "django")
    let columns = try run("migrate", "--yes")
    #expect(columns.status == 3 && columns.words.contains("deletes: [shop_order.total]"), "\(columns.output)")
    #expect(try Content.bytes(folder.file("dbs/a.sqlite")) == before)
    try configure(
      "python3, manage.py, migrate, --noinput", "  deletes: [blog_post, shop_order.total]", format: "django")
    let done = try run("migrate", "--yes")
    #expect(done.status == 0, "\(done.output)\(done.errors)")
    #expect(try self.rows("SELECT count(*) FROM blog_post", "a") == ["1"])
  }

  @Test func `a program that takes too long is stopped with all that it started, and changes nothing`() throws
  {
    try djangoFleet(["a"], broken: "")
    try folder.write(
      """
      import os, subprocess, sys, time
      if os.path.getsize(os.environ["DATABASE"]) == 0:
          sys.exit(subprocess.call([sys.executable, "manage.py", "migrate", "--noinput"]))
      child = subprocess.Popen(["sleep", "600"])
      open("child", "w").write(str(child.pid))
      time.sleep(600)
      """, to: "app/slow.py")
    try configure("python3, slow.py", format: "django")
    let text = try String(contentsOfFile: folder.file("fleet.yml"), encoding: .utf8)
    try folder.write(text.replacing("max_failures: 100%", with: "timeout: 20s"), to: "fleet.yml")
    let before = try Content.bytes(folder.file("dbs/a.sqlite"))
    let result = try run("migrate", "--yes")
    #expect(result.status == 3 && result.words.contains("was stopped"), "\(result.output)\(result.errors)")
    #expect(try Content.bytes(folder.file("dbs/a.sqlite")) == before)
    let child = try #require(pid_t(String(contentsOfFile: folder.file("app/child"), encoding: .utf8)))
    #expect(waits(20) { !Processes.isAlive(child) }, "what the program started is still there")
  }

  @Test
  func
    `a run that is killed while the program works leaves the database as it was, and the next run succeeds`()
    throws
  {
    try customFleet("{ files: dbs/*.sqlite }")
    try folder.write(
      """
      import os, sys, time
      folder = os.path.dirname(os.path.abspath(sys.argv[0]))
      if os.path.exists(folder + "/waits") and os.path.getsize(sys.argv[1]) > 0:
          open(folder + "/works", "w").close()
          end = time.monotonic() + 60
          while os.path.exists(folder + "/waits") and time.monotonic() < end:
              time.sleep(0.05)

      """ + Self.script, to: "migrate.py")
    try folder.write("", to: "waits")
    let before = try Content.bytes(folder.file("dbs/old.sqlite"))
    let started = try Program.start(["migrate", "--yes"], in: folder.path, environment: Self.environment)
    #expect(waits(60) { FileManager.default.fileExists(atPath: folder.file("works")) })
    kill(started.process.processIdentifier, SIGKILL)
    _ = try Program.finish(started)
    #expect(try Content.bytes(folder.file("dbs/old.sqlite")) == before)
    try FileManager.default.removeItem(atPath: folder.file("waits"))
    let again = try run("migrate", "--yes")
    #expect(again.status == 0 && again.words.contains("1 migrated"), "\(again.output)\(again.errors)")
    #expect(try rows("SELECT a FROM t WHERE b IS NULL", "old") == ["1"])
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.file(".flotilla"))
    #expect(!left.contains { $0.hasPrefix("copies") }, "\(left)")
  }

  // MARK: Alembic

  private func alembicFleet() throws {
    try copy("alembic")
    try FileManager.default.createDirectory(atPath: folder.file("dbs"), withIntermediateDirectories: true)
    try configure("python3, -m, alembic, upgrade, head", format: "alembic")
    for name in ["a", "b"] {
      try python(["-m", "alembic", "upgrade", "a1"], on: name)
      let database = try database(name)
      try database.executeScript(
        """
        INSERT INTO parents VALUES (1, 'one'), (2, 'two');
        INSERT INTO items (parent, note) VALUES (1, 'x'), (1, 'y'), (2, 'z');
        """)
      database.close()
    }
  }

  @Test func `Alembic's batch mode on a parent table keeps the rows of its children`() throws {
    try alembicFleet()
    let result = try run("migrate", "--yes")
    #expect(result.status == 0 && result.words.contains("2 migrated"), "\(result.output)\(result.errors)")
    for name in ["a", "b"] {
      #expect(try rows("SELECT count(*) FROM items", name) == ["3"])
      #expect(try python(["-m", "alembic", "current"], on: name).contains("b2 (head)"))
    }
    #expect(try run("drift").status == 0)
    #expect(try run("migrate", "--yes").words.contains("2 current"))
  }

  @Test
  func `where Alembic's rebuild deletes the children by a cascade, the loss is reported and nothing changes`()
    throws
  {
    try alembicFleet()
    let text = try String(contentsOfFile: folder.file("fleet.yml"), encoding: .utf8)
    try folder.write(
      text.replacing("DATABASE: \"{path}\"", with: "DATABASE: \"{path}\", CASCADES: \"1\""), to: "fleet.yml")
    let before = try ["a", "b"].map { try Content.bytes(folder.file("dbs/\($0).sqlite")) }
    let result = try run("migrate", "--yes")
    #expect(result.status == 3 && result.words.contains("3 rows of items would be lost"), "\(result.output)")
    #expect(try ["a", "b"].map { try Content.bytes(folder.file("dbs/\($0).sqlite")) } == before)
  }

  // MARK: Mistakes

  @Test
  func `a program that isn't told the database, or doesn't know its format, is refused before anything runs`()
    throws
  {
    try copy("alembic")
    try folder.database("dbs/a.sqlite", "CREATE TABLE t (a)")
    try folder.write(
      "fleet: x\nmigrations: { run: [touch, ran], format: djnago }\ninstallations: [{ files: dbs/*.sqlite }]\n",
      to: "fleet.yml")
    let result = try run("plan")
    #expect(
      result.status == 1 && result.errors.contains("{path}") && result.errors.contains("django"),
      "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("ran")))
  }

  @Test func `a program that fails on an empty database is told before any installation is opened`() throws {
    try folder.database("dbs/a.sqlite", "CREATE TABLE t (a)")
    try folder.write(
      "fleet: x\nmigrations: { run: [ls, /nowhere, \"{path}\"] }\ninstallations: [{ files: dbs/*.sqlite }]\n",
      to: "fleet.yml")
    let result = try run("migrate", "--yes")
    #expect(result.status == 1 && result.errors.contains("on an empty database"), "\(result.errors)")
    #expect(result.errors.contains("/nowhere"), "\(result.errors)")
  }

  /// A program that adds a column, and counts in a table of its own. It leaves a note if it runs in a session of SSH.
  private static let script = """
    import os, sqlite3, sys
    if "SSH_CONNECTION" in os.environ:
        open(os.path.dirname(os.path.abspath(sys.argv[0])) + "/ran-on-host", "w").close()
    database = sqlite3.connect(sys.argv[1])
    database.executescript("CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY); CREATE TABLE IF NOT EXISTS steps (n)")
    done = {row[0] for row in database.execute("SELECT n FROM steps")}
    if 1 not in done:
        database.execute("INSERT INTO steps VALUES (1)")
    if 2 not in done:
        database.execute("ALTER TABLE t ADD COLUMN b TEXT")
        database.execute("INSERT INTO steps VALUES (2)")
    database.commit()
    """

  private func customFleet(_ installations: String, ssh: String = "") throws {
    let sql = "CREATE TABLE t (a INTEGER PRIMARY KEY); CREATE TABLE steps (n); INSERT INTO steps VALUES (1);"
    try folder.database("dbs/old.sqlite", sql + "INSERT INTO t VALUES (1)")
    try folder.write(Self.script, to: "migrate.py")
    try folder.write(
      """
      fleet: x
      migrations:
        run: [python3, "\(folder.file("migrate.py"))", "{path}"]
        env: { A: "1", B: "2", C: "3", D: "4", E: "5" }
        deletes: [q, r, s, u, v]
        format: custom
        table: steps
        columns: { version: n }
      installations: [\(installations)]
      \(ssh)
      """, to: "fleet.yml")
  }

  @Test func `an application's own table tells the versions`() throws {
    try customFleet("{ files: dbs/*.sqlite }")
    let plan = try run("plan")
    #expect(
      plan.words.contains("version 1") && plan.words.contains("1 to migrate"), "\(plan.output)\(plan.errors)")
    let result = try run("migrate", "--yes")
    #expect(result.status == 0 && result.words.contains("1 migrated"), "\(result.output)\(result.errors)")
    #expect(try rows("SELECT a FROM t WHERE b IS NULL", "old") == ["1"])
    #expect(try run("status").words.contains("version 2"))
  }

  @Test(.needs(.sshd)) func `for a database on a host, the program runs there`() throws {
    let server = try SSHServer(agent: HostFleet.agent)
    let path = folder.file("dbs/old.sqlite")
    try customFleet(
      "{ id: old, host: 127.0.0.1, port: \(server.port), path: \"\(path)\" }",
      ssh: "ssh: \(server.settings(""))")
    let rehearsed = try run("plan", "--rehearse")
    #expect(
      rehearsed.status == 0 && rehearsed.words.contains("would succeed")
        && rehearsed.words.contains("writers wait about"),
      "\(rehearsed.output)\(rehearsed.errors)")
    let before = try rows("SELECT count(*) FROM steps", "old")
    #expect(before == ["1"])
    let result = try run("migrate", "--yes")
    #expect(result.status == 0 && result.words.contains("1 migrated"), "\(result.output)\(result.errors)")
    #expect(
      result.words.contains("Writers waited at most") && result.words.contains("(old)"), "\(result.output)")
    #expect(FileManager.default.fileExists(atPath: folder.file("ran-on-host")))
    #expect(try rows("SELECT a FROM t WHERE b IS NULL", "old") == ["1"])
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.file("dbs/.flotilla"))
    #expect(left == ["backups"], "no copy is left")
    let restored = try run("restore", "--run", "last", "--yes")
    #expect(restored.status == 0, "\(restored.output)\(restored.errors)")
    #expect(try rows("SELECT count(*) FROM steps", "old") == ["1"])
  }

  @Test func `migrations by the same program have the same digest in each process`() throws {
    try customFleet("{ files: dbs/*.sqlite }")
    let digests = try (0..<5).map { _ in
      let migrations =
        try folder.report(run("report", "--format", "json").output)["migrations"] as? [String: Any]
      return try #require(migrations?["digest"] as? String)
    }
    #expect(Set(digests).count == 1, "\(digests)")
  }

  @Test func `what a program can't do is refused, and changes nothing`() throws {
    try customFleet("{ files: dbs/*.sqlite }")
    let before = try Content.bytes(folder.file("dbs/old.sqlite"))
    for words in [
      ["migrate", "--yes", "--to", "1"], ["plan", "--to", "1"], ["adopt", "--yes"], ["lint"], ["test"],
      ["new", "x"],
    ] {
      let result = try Program.run(words, in: folder.path, environment: Self.environment)
      #expect(result.status == 1, "\(words): \(result.output)\(result.errors)")
      #expect(result.errors.contains("program"), "\(words): \(result.errors)")
    }
    let text = try String(contentsOfFile: folder.file("fleet.yml"), encoding: .utf8)
    for key in ["baseline", "schema"] {
      try folder.write(text + "\n\(key): some.sql\n", to: "fleet.yml")
      let result = try run("migrate", "--yes")
      #expect(
        result.status == 1 && result.errors.contains("\"\(key)\" is for migrations that are files"),
        "\(result.errors)")
    }
    #expect(try Content.bytes(folder.file("dbs/old.sqlite")) == before)
  }

  @Test func `without a format the schema's fingerprint is the version`() throws {
    let old = "CREATE TABLE t (a INTEGER PRIMARY KEY)"
    try folder.database("dbs/old.sqlite", old + "; INSERT INTO t VALUES (1)")
    try folder.write(
      """
      import sqlite3, sys
      database = sqlite3.connect(sys.argv[1])
      database.executescript("CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY)")
      if not any(row[1] == "b" for row in database.execute("PRAGMA table_info(t)")):
          database.execute("ALTER TABLE t ADD COLUMN b TEXT")
      database.commit()
      """, to: "migrate.py")
    try folder.write(
      "fleet: x\nmigrations: { run: [python3, migrate.py, \"{path}\"] }\ninstallations: [{ files: dbs/*.sqlite }]\n",
      to: "fleet.yml")
    #expect(try run("plan").words.contains("1 to migrate"))
    let result = try run("migrate", "--yes")
    #expect(result.status == 0 && result.words.contains("1 migrated"), "\(result.output)\(result.errors)")
    #expect(try run("migrate", "--yes").words.contains("1 current"))
    #expect(try rows("SELECT a FROM t WHERE b IS NULL", "old") == ["1"])
  }
}
