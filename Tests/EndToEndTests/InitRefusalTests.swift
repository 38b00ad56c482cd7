import Foundation
import SQLite
import TestSupport
import Testing

/// `flotilla init`: what it refuses, without writing anything.
@Suite struct InitRefusalTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func run(_ words: String...) throws -> ProgramResult { try Program.run(words, in: folder.path) }

  private func fleetFile() throws -> String {
    try String(contentsOfFile: folder.file("fleet.yml"), encoding: .utf8)
  }

  private var hasFleetFile: Bool { FileManager.default.fileExists(atPath: folder.file("fleet.yml")) }

  /// Runs `init`, which has to fail without writing anything, and returns what it says.
  private func refused(_ words: String...) throws -> String {
    let before = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
    let result = try Program.run(["init"] + words, in: folder.path)
    #expect(result.status == 1 && result.output.isEmpty, "\(result.output)\(result.errors)")
    #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted() == before)
    return result.words(of: \.errors)
  }

  /// The only sample of a format.
  private func sample(_ format: String, _ list: [FormatSample] = FormatSample.certain) throws -> FormatSample
  {
    try #require(list.first { $0.format == format })
  }

  @Test func `a fleet file that is there is refused and unchanged`() throws {
    try sample("goose").write(to: folder)
    try folder.write("fleet: mine\n", to: "fleet.yml")
    #expect(try refused().contains("fleet.yml is there already, and is never overwritten"))
    #expect(try fleetFile() == "fleet: mine\n")
    try FileManager.default.removeItem(atPath: folder.file("fleet.yml"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("fleet.yml"), withDestinationPath: "nowhere.yml")
    #expect(try refused().contains("fleet.yml is there already"))
    #expect(try refused("--fleet", "deploy/fleet.yml").contains("deploy is no folder"))
  }

  @Test func `an empty folder is told what to do`() throws {
    let words = try refused()
    #expect(words.contains("neither migrations nor databases were found"), "\(words)")
    #expect(words.contains("flotilla init FOLDER DATABASE"), "\(words)")
  }

  @Test func `of several folders with migrations one has to be named`() throws {
    try sample("goose").write(to: folder, in: "db/migrations")
    try sample("dbmate").write(to: folder, in: "audit")
    let words = try refused()
    #expect(words.contains("audit (dbmate), db/migrations (goose)"), "\(words)")
    #expect(try run("init", "audit").status == 0)
    #expect(try fleetFile().contains("path: audit\n  format: dbmate"))
  }

  @Test(arguments: [
    (["nowhere.sqlite"], "nowhere.sqlite: there is no such file"),
    (["migrations", "stores/*.sqlite"], "stores/*.sqlite: no file matches"),
    (["migrations", "other"], "other is a folder: name the databases in it"),
    (["migrations", "notes.db"], "notes.db: the file is not an SQLite database"),
    (["other"], "the names of its files don't begin with numbers"),
  ])
  func `an argument that leads to nothing is told`(arguments: [String], message: String) throws {
    try sample("goose").write(to: folder)
    try folder.write("SELECT 1;", to: "other/next.sql")
    try folder.write("no database", to: "notes.db")
    let result = try Program.run(["init"] + arguments, in: folder.path)
    #expect(result.status == 1 && result.words(of: \.errors).contains(message), "\(result.errors)")
    #expect(!hasFleetFile)
  }

  @Test(arguments: [["--format", "goos"], ["--format", "custom"], ["--only", "x"], ["--frobnicate"]])
  func `wrong usage is told`(arguments: [String]) throws {
    try sample("goose").write(to: folder)
    #expect(try Program.run(["init"] + arguments, in: folder.path).status == 64)
    #expect(!hasFleetFile)
  }

  @Test func `a mistake in the migrations is told with file and line`() throws {
    try sample("goose").write(to: folder)
    try folder.write("-- +goose Up\nPRAGMA journal_mode = WAL;\n", to: "migrations/00003_wal.sql")
    let words = try refused()
    #expect(words.contains("migrations: 00003_wal.sql:2: "), "\(words)")
    #expect(words.contains("flotilla lint migrations lists everything"), "\(words)")
  }

  @Test func `a database that only another tool has migrated is refused, unless the format is named`() throws
  {
    try sample("goose").write(to: folder)
    try sample("diesel").database("app.sqlite", in: folder)
    let words = try refused()
    #expect(words.contains("table __diesel_schema_migrations (Diesel)"), "\(words)")
    let result = try run("init", "--format", "goose")
    #expect(result.status == 0, "\(result.errors)")
    let told = result.words(of: \.errors)
    #expect(told.contains("1 with another tool's history, left alone app.sqlite: table __diesel"), "\(told)")
  }

  @Test func `databases with the histories of two tools have to be told apart`() throws {
    let samples = FormatSample.ambiguous.filter { ["golang-migrate", "sqlx"].contains($0.format) }
    for (number, sample) in samples.prefix(2).enumerated() {
      try sample.write(to: folder)
      try sample.database("\(number).sqlite", in: folder)
    }
    let words = try refused()
    #expect(words.contains("histories of several formats (1 of golang-migrate, 1 of sqlx)"), "\(words)")
    #expect(try run("init", "migrations", "1.sqlite").status == 0)
    #expect(try fleetFile().contains("format: sqlx"))
  }

  @Test(arguments: ["golang-migrate", "refinery"])
  func `files of two tools without a database need a format`(format: String) throws {
    try sample(format, FormatSample.ambiguous).write(to: folder)
    let words = try refused()
    #expect(words.contains("no database tells which: say it with --format \(format)"), "\(words)")
    #expect(try run("init", "--format", format).status == 0)
    #expect(try fleetFile().contains("format: \(format)"))
  }

  @Test func `databases with a history and no migrations are not given an empty folder`() throws {
    for (number, sample) in FormatSample.certain.prefix(4).enumerated() {
      try sample.database("\(number).sqlite", in: folder)
      let words = try refused("\(number).sqlite")
      #expect(words.contains("\(number).sqlite records migrations, in table"), "\(words)")
      #expect(words.contains("name the folder in which they are"), "\(words)")
    }
  }

  @Test func `a column that nobody can fill is told`() throws {
    try sample("flotilla", FormatSample.ambiguous).write(to: folder)
    try folder.database(
      "a.sqlite",
      FormatSample.create + FormatSample.alter
        + "CREATE TABLE my_migrations (version PRIMARY KEY, sum BLOB NOT NULL); INSERT INTO my_migrations VALUES (1, x'01'), (2, x'02');"
    )
    let words = try refused()
    #expect(words.contains("my_migrations, and nobody knows what to write into its columns sum"), "\(words)")
  }
}
