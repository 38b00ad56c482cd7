import Foundation
import SQLite
import TestSupport
import Testing

/// `flotilla init`: whose migrations and histories an application has.
@Suite struct InitTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func run(_ words: String...) throws -> ProgramResult { try Program.run(words, in: folder.path) }

  private func fleetFile() throws -> String {
    try String(contentsOfFile: folder.file("fleet.yml"), encoding: .utf8)
  }

  /// The only sample of a format.
  private func sample(_ format: String, _ list: [FormatSample] = FormatSample.certain) throws -> FormatSample
  {
    try #require(list.first { $0.format == format })
  }

  // MARK: What is recognized

  @Test(arguments: FormatSample.certain)
  func `the files of a tool are recognized, and its history is read`(sample: FormatSample) throws {
    try check(sample)
  }

  @Test(arguments: FormatSample.ambiguous)
  func `where the files could be for several tools, the databases settle it`(sample: FormatSample) throws {
    try check(sample)
  }

  /// Two databases at the first version, and one without tables.
  private func check(_ sample: FormatSample) throws {
    try sample.write(to: folder)
    for name in ["a", "b"] { try sample.database("stores/\(name).sqlite", in: folder) }
    try folder.database("stores/empty.sqlite", "CREATE TABLE t (a); DROP TABLE t;")
    let result = try run("init")
    let words = result.words(of: \.errors)
    #expect(result.status == 0 && result.output == "fleet.yml\n", "\(result.errors)")
    #expect(
      words.contains("3 in stores/*.sqlite 2 at version \(sample.version) 1 without tables"), "\(words)")
    #expect(words.hasSuffix("Next: flotilla plan"), "\(words)")
    let text = try fleetFile()
    #expect(text.contains("path: migrations\n  format: \(sample.format)\n"), "\(text)")
    #expect(text.contains("installations:\n  - { files: stores/*.sqlite }\n"), "\(text)")
    let lint = try run("lint")
    #expect(lint.status == 0, "\(lint.output)\(lint.errors)")
    try FileManager.default.removeItem(atPath: folder.file("stores/empty.sqlite"))
    let plan = try run("plan")
    #expect(plan.status == 0, "\(plan.output)\(plan.errors)")
    #expect(plan.words.contains("version \(sample.version)"), "\(plan.output)")
    let migrated = try run("migrate", "--yes")
    #expect(migrated.status == 0, "\(migrated.output)\(migrated.errors)")
    #expect(try run("drift").status == 0)
  }

  @Test func `a table of the application's own is described`() throws {
    try folder.write(FormatSample.create, to: "migrations/1-init.sql")
    try folder.write(FormatSample.alter, to: "migrations/2-add-b.sql")
    try folder.write("CREATE TABLE u (a);", to: "migrations/10-add-u.sql")
    let table = """
      CREATE TABLE app_version (id INTEGER PRIMARY KEY, num INTEGER NOT NULL, title TEXT NOT NULL, kind TEXT NOT NULL,
        done_at TEXT NOT NULL);
      INSERT INTO app_version (num, title, kind, done_at) VALUES (1, 'init', 'sql', '2024-01-01 12:00:00')
      """
    try folder.database("a.sqlite", FormatSample.create + table)
    try folder.database(
      "b.sqlite",
      FormatSample.create + FormatSample.alter + table + ", (2, 'add-b', 'sql', '2024-01-02 12:00:00')")
    let result = try run("init")
    #expect(result.status == 0, "\(result.errors)")
    let text = try fleetFile()
    #expect(text.contains("format: custom\n"), "\(text)")
    #expect(text.contains("table: app_version\n"), "\(text)")
    #expect(text.contains("columns: { applied_at: done_at, name: title, version: num }\n"), "\(text)")
    #expect(text.contains("values: { kind: sql }\n"), "\(text)")
    let migrated = try run("migrate", "--yes")
    #expect(
      migrated.status == 0 && migrated.output.contains("2 migrated"), "\(migrated.output)\(migrated.errors)")
    #expect(
      try Content.value("SELECT count(*) FROM app_version WHERE kind = 'sql'", at: folder.file("a.sqlite"))
        == 3)
  }

  @Test func `a table of versions alone is a history if it is called so`() throws {
    try sample("flotilla", FormatSample.ambiguous).write(to: folder)
    let table = "CREATE TABLE schema_version (version INTEGER, applied TEXT DEFAULT CURRENT_TIMESTAMP);"
    try folder.database(
      "a.sqlite",
      FormatSample.create + FormatSample.alter + table
        + "INSERT INTO schema_version (version) VALUES (1), (2);")
    #expect(try run("init").status == 0)
    #expect(try fleetFile().contains("columns: { applied_at: applied, version: version }\n"))
    #expect(try run("plan").output.contains("Nothing to migrate"))
  }

  @Test func `a table that may hold the last version alone is not taken for a history`() throws {
    try sample("flotilla", FormatSample.ambiguous).write(to: folder)
    try folder.database(
      "a.sqlite", FormatSample.create + "CREATE TABLE app_version (v); INSERT INTO app_version VALUES (1);")
    let result = try run("init")
    #expect(result.status == 0 && result.errors.contains("1 without a history"), "\(result.errors)")
    #expect(try fleetFile().contains("format: flotilla"))
  }

  @Test func `tables whose names alone sound like a history are not taken for one`() throws {
    let sample = try sample("flotilla", FormatSample.ambiguous)
    try sample.write(to: folder)
    try folder.database(
      "a.sqlite",
      FormatSample.create
        + """
        CREATE TABLE document_versions (version INTEGER PRIMARY KEY, text TEXT);
        INSERT INTO document_versions
        WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 200000)
        SELECT i, hex(randomblob(100)) FROM c;
        CREATE VIRTUAL TABLE versions_text USING fts5 (version);
        INSERT INTO versions_text VALUES (1), (2);
        CREATE TABLE price_versions (version INTEGER PRIMARY KEY, price);
        INSERT INTO price_versions VALUES (1, 9.5), (2, 10);
        CREATE TABLE migrated_users (id INTEGER PRIMARY KEY, name TEXT);
        INSERT INTO migrated_users VALUES (1, 'Ada'), (2, 'Grace');
        """)
    let result = try run("init")
    #expect(result.status == 0 && result.errors.contains("1 without a history"), "\(result.errors)")
    #expect(try fleetFile().contains("format: flotilla"))
  }

  @Test func `a lock that a crashed tool has left is told`() throws {
    let sample = try sample("yoyo")
    try sample.write(to: folder)
    try sample.database("a.sqlite", in: folder)
    try SmallFleet.change(
      folder.file("a.sqlite"), "INSERT INTO yoyo_lock (ctime, pid) VALUES ('2024-01-01', 1)")
    let result = try run("init")
    let words = result.words(of: \.errors)
    #expect(
      result.status == 0 && words.contains("1 with a history that can't be used, left alone"), "\(words)")
  }

  @Test func `a half-done migration is told`() throws {
    let sample = try sample("sqlx", FormatSample.ambiguous)
    try sample.write(to: folder)
    try sample.database("a.sqlite", in: folder)
    try SmallFleet.change(folder.file("a.sqlite"), "UPDATE _sqlx_migrations SET success = 0")
    let result = try run("init")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.words(of: \.errors).contains("a.sqlite: version 1 is half done"), "\(result.errors)")
    #expect(result.errors.hasSuffix("Next: flotilla adopt\n"), "\(result.errors)")
  }

  @Test func `Flyway's folders of folders are one, as deep as Maven puts them`() throws {
    let sample = try sample("flyway", FormatSample.ambiguous)
    try folder.write(FormatSample.create, to: "src/main/resources/db/migration/one/V1__init.sql")
    try folder.write(FormatSample.alter, to: "src/main/resources/db/migration/two/V2__add_b.sql")
    try folder.write("SELECT 1;", to: "node_modules/x/migrations/00001_a.sql")
    try sample.database("app.sqlite", in: folder)
    let result = try run("init")
    #expect(result.status == 0, "\(result.errors)")
    #expect(try fleetFile().contains("path: src/main/resources/db/migration\n  format: flyway"))
    #expect(try run("lint").status == 0)
  }

  // MARK: Without a history, without databases, without migrations

  @Test func `databases without a history are adopted next`() throws {
    try sample("goose").write(to: folder)
    try folder.database("a.sqlite", FormatSample.create)
    try sample("goose").database("b.sqlite", in: folder)
    let result = try run("init")
    #expect(result.status == 0 && result.errors.hasSuffix("Next: flotilla adopt\n"), "\(result.errors)")
    #expect(result.errors.contains("1 without a history"), "\(result.errors)")
    let adopted = try run("adopt", "--yes")
    #expect(adopted.status == 0, "\(adopted.output)\(adopted.errors)")
    #expect(try run("migrate", "--yes").status == 0)
  }

  @Test func `migrations without a database get an example, and lint accepts it`() throws {
    try sample("goose").write(to: folder)
    let result = try run("init")
    #expect(result.status == 0 && result.output == "fleet.yml\n", "\(result.errors)")
    #expect(
      result.words(of: \.errors).contains("none were found: put them into the file"), "\(result.errors)")
    #expect(result.words(of: \.errors).contains("Next, once the databases are in the file: flotilla plan"))
    #expect(try run("lint").status == 0)
    #expect(try run("test").status == 0)
  }

  @Test func `databases without migrations get a folder for the first one`() throws {
    try folder.database("app.db", "CREATE TABLE users (id INTEGER PRIMARY KEY);")
    let result = try run("init")
    #expect(result.status == 0 && result.errors.hasSuffix("Next: flotilla new NAME\n"), "\(result.errors)")
    #expect(result.words(of: \.errors).contains("migrations (made): no migrations yet"), "\(result.errors)")
    #expect(try run("new", "create_orders").output == "migrations/0001_create_orders.sql\n")
    try folder.write("CREATE TABLE orders (id INTEGER PRIMARY KEY);", to: "migrations/0001_create_orders.sql")
    let migrated = try run("migrate", "--yes")
    #expect(migrated.status == 0, "\(migrated.output)\(migrated.errors)")
  }

  @Test func `an empty folder that is named is for the first migration`() throws {
    try folder.write("", to: "sql/README")
    let result = try run("init", "sql", "--format", "dbmate")
    #expect(result.status == 0 && result.errors.hasSuffix("Next: flotilla new NAME\n"), "\(result.errors)")
    let name = try run("new", "create_users").output
    #expect(name.hasPrefix("sql/20") && name.hasSuffix("_create_users.sql\n"), "\(name)")
  }
}

extension ProgramResult {
  /// A text with each line break and indent as one space.
  func words(of text: KeyPath<ProgramResult, String>) -> String {
    self[keyPath: text].split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }
}
