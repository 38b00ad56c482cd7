import Foundation
import SQLite
import TestSupport
import Testing

/// `plan --data` where installations can't be asked, or are on hosts.
@Suite struct DataTroubleTests {
  private let index = "CREATE UNIQUE INDEX one_email ON users (email);"

  @Test func `what can't be asked is told with the reason, and is no success`() throws {
    let fleet = try DataFleet(5, content: "CREATE TABLE slow (n INTEGER); INSERT INTO slow VALUES (1);")
    try fleet.configure("rollout: { timeout: 3s, busy_timeout: 200ms }")
    // The query takes hours where the table says so.
    let slow =
      "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < (SELECT max(n) FROM slow))"
    try fleet.migration(
      "0002_one_email.sql", "-- @require query \(slow) SELECT count(*) > 0 FROM c\n\(index)")
    try fleet.change(1, "UPDATE slow SET n = 1000000000000")
    let lock = try Connection(path: fleet.path(2), access: .readWrite)
    defer { lock.close() }
    try lock.execute("BEGIN EXCLUSIVE")
    try damage(fleet.path(4), table: "users")
    let plan = try fleet.run("plan", "--data")
    #expect(plan.status == 3, "\(plan.output)\(plan.errors)")
    #expect(plan.words.contains("Could not be asked: 3 ("), "\(plan.output)")
    let asked = try #require(plan.words.range(of: "Could not be asked")).lowerBound
    for text in [
      "i0001: inspect: 0002_one_email.sql:1 was not answered: interrupted",
      "i0002: inspect: database is locked", "i0004: inspect: 0002_one_email.sql:2 was not answered: ",
    ] { #expect(plan.words[asked...].contains(text), "\(text): \(plan.output)") }
    #expect(plan.words.contains("to 5 installations: 3 could not be asked everything."), "\(plan.output)")
    #expect(plan.output.hasSuffix("Next, once that is mended: flotilla plan --data\n"))
  }

  /// Overwrites the page on which a table begins.
  private func damage(_ path: String, table: String) throws {
    let database = try Connection(path: path, access: .readOnly)
    let root = try database.scalar("SELECT rootpage FROM sqlite_schema WHERE name = ?", [.text(table)])?
      .integer
    let size = try database.scalar("PRAGMA page_size")?.integer ?? 0
    database.close()
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.seek(toOffset: UInt64(((root ?? 0) - 1) * size))
    try file.write(contentsOf: Data(repeating: 0xff, count: Int(size)))
    try file.close()
  }

  @Test func `a statement from which no question follows is named, and is no success`() throws {
    let fleet = try DataFleet(2)
    try fleet.migration(
      "0002_states.sql",
      """
      CREATE TABLE states (state TEXT PRIMARY KEY);
      INSERT OR IGNORE INTO states SELECT state FROM orders;
      CREATE UNIQUE INDEX one_state ON states (lower(state));
      """)
    let plan = try fleet.run("plan", "--data")
    #expect(plan.status == 3, "\(plan.output)\(plan.errors)")
    #expect(
      plan.words.contains(
        "0002_states.sql:3 was not asked in 2: the rows of states can't be foretold: line 2 "),
      "\(plan.output)")
    #expect(plan.words.contains("to 2 installations: 2 could not be asked everything."), "\(plan.output)")
  }

  @Test func `without findings one line says so, and --verbose shows the questions`() throws {
    let fleet = try DataFleet(3)
    try fleet.migration("0002_one_email.sql", index)
    let plan = try fleet.run("plan", "--data", "--check")
    #expect(plan.status == 5, "\(plan.output)\(plan.errors)")
    let end =
      "\n\nData: 1 question to 3 installations; nothing will fail or be lost.\n\nNext: flotilla migrate\n"
    #expect(plan.output.hasSuffix(end), "\(plan.output)")
    let verbose = try fleet.run("plan", "--data", "--verbose")
    #expect(verbose.status == 0, "\(verbose.output)")
    let text =
      "0002_one_email.sql:1 was asked of 3: 0 duplicates of users.email SELECT coalesce(sum(n - 1), 0) FROM"
    #expect(verbose.words.contains(text), "\(verbose.output)")
    try fleet.migration("0002_one_email.sql", "ALTER TABLE users ADD COLUMN age INTEGER;")
    let other = try fleet.run("plan", "--data")
    #expect(other.status == 0 && other.output.contains("Data: nothing that is pending depends on rows."))
    #expect(fleet.files == ["fleet.yml", "migrations", "db"].sorted())
  }

  @Test func `a writer neither waits nor is waited for`() throws {
    let fleet = try DataFleet(2)
    try fleet.migration("0002_one_email.sql", index)
    let writers = try (0..<2).map { try Connection(path: fleet.path($0), access: .readWrite) }
    for writer in writers {
      try writer.execute("BEGIN IMMEDIATE")
      try writer.execute("INSERT INTO users (email) VALUES ('bob@example.org')")
    }
    let before = try fleet.run("plan", "--data")
    #expect(before.status == 0 && before.output.contains("nothing will fail"), "\(before.output)")
    for writer in writers { try writer.execute("COMMIT") }
    let after = try fleet.run("plan", "--data")
    #expect(after.status == 3 && after.words.contains("will fail in 2 of 2: i0000, i0001 (1 duplicate"))
    for writer in writers { writer.close() }
  }

  // MARK: Hosts

  @Test func `databases on hosts are asked there, through one session`() throws {
    let host = try HostFleet(4)
    try host.fleet.migration("0004_one_name.sql", "CREATE UNIQUE INDEX one_name ON parents (name);")
    try SmallFleet.change(host.fleet.path(2), "INSERT INTO parents (name) VALUES ('one'), ('two')")
    let bytes = try host.fleet.paths.map { try Content.bytes($0) }
    let plan = try host.fleet.run("plan", "--data")
    #expect(plan.status == 3, "\(plan.output)\(plan.errors)")
    let text = "0004_one_name.sql:1 will fail in 1 of 4: i2 (2 duplicates of parents.name)"
    #expect(plan.words.contains(text), "\(plan.output)")
    #expect(plan.words.contains("to 4 installations: 1 will fail."), "\(plan.output)")
    #expect(host.server.logins == 1)
    #expect(try host.fleet.paths.map { try Content.bytes($0) } == bytes)
    #expect(host.backups.isEmpty && !host.fleet.files.contains { $0.contains("rehearsal") })
  }

  @Test func `a host that can't be reached counts as not asked`() throws {
    let host = try HostFleet(2)
    try host.fleet.migration("0004_one_name.sql", "CREATE UNIQUE INDEX one_name ON parents (name);")
    try host.configure(more: "  - { id: away, host: 127.0.0.1, port: 1, path: /nowhere.sqlite }")
    let plan = try host.fleet.run("plan", "--data")
    #expect(plan.status == 3, "\(plan.output)\(plan.errors)")
    #expect(plan.words.contains("Could not be asked: 1 (away: open: "), "\(plan.output)")
  }
}
