import Foundation
import SQLite
import TestSupport
import Testing

/// `plan --data`: what the rows of every installation say to the pending migrations.
@Suite struct DataTests {
  /// One migration of each kind.
  private func migrations(_ fleet: DataFleet) throws {
    try fleet.migration(
      "0002_one_email.sql",
      "CREATE UNIQUE INDEX one_email ON users (email COLLATE NOCASE) WHERE active = 1;")
    try fleet.migration(
      "0003_orders.sql",
      """
      CREATE TABLE new_orders (
        id INTEGER PRIMARY KEY, user INTEGER REFERENCES users (id), total INTEGER NOT NULL,
        state TEXT CHECK (state IN ('open', 'paid')));
      INSERT INTO new_orders (id, user, total, state) SELECT id, user, total, state FROM orders;
      DROP TABLE orders;
      ALTER TABLE new_orders RENAME TO orders;
      """)
    try fleet.migration(
      "0004_codes.sql",
      """
      -- @changes codes.code
      CREATE TABLE new_codes (id INTEGER PRIMARY KEY, code INTEGER);
      INSERT INTO new_codes SELECT * FROM codes;
      DROP TABLE codes;
      ALTER TABLE new_codes RENAME TO codes;
      """)
    try fleet.migration("0005_legacy.sql", "DROP TABLE legacy;")
    try fleet.migration(
      "0006_tags.sql",
      """
      CREATE TABLE new_tags (id INTEGER PRIMARY KEY, label TEXT NOT NULL);
      INSERT INTO new_tags SELECT id, label FROM tags WHERE label IS NOT NULL;
      DROP TABLE tags;
      ALTER TABLE new_tags RENAME TO tags;
      """)
  }

  /// Rows that one migration each doesn't fit, by the installation.
  private let harm: [Int: String] = [
    10: "INSERT INTO users (email) VALUES ('Ann@Example.org'), ('bob@example.org')",
    31: "INSERT INTO orders (user, total) VALUES (1, NULL)",
    52: "INSERT INTO orders (user, total) VALUES (77, 1), (77, 2), (78, 3)",
    73: "INSERT INTO orders (user, total, state) VALUES (1, 1, 'lost')",
    94: "INSERT INTO codes (code) VALUES ('007')",
    115: "INSERT INTO legacy (note) VALUES ('a'), ('b')",
    136: "INSERT INTO tags (label) VALUES (NULL), (NULL)",
  ]

  @Test func `of 200 exactly the seven whose rows don't fit are named, and migrate agrees`() throws {
    let fleet = try DataFleet(200)
    try migrations(fleet)
    for (number, sql) in harm { try fleet.change(number, sql) }
    let plan = try fleet.run("plan", "--data")
    #expect(plan.status == 3, "\(plan.output)\(plan.errors)")
    for text in [
      "0002_one_email.sql:1 will fail in 1 of 200: i0010 (2 duplicates of users.email)",
      "0003_orders.sql:4 will fail in 1 of 200: i0031 (1 NULL in orders.total)",
      "0003_orders.sql:4 will fail in 1 of 200: i0052 (3 orphans of orders.user, without rows of users)",
      "0003_orders.sql:4 will fail in 1 of 200: i0073 (1 row of orders against CHECK (state IN ('open', 'paid')))",
      "0004_codes.sql:3 will succeed and lose data in 1 of 200: i0094 (1 value of codes.code, changed by type INTEGER)",
      "0005_legacy.sql:1 would lose data, and be refused, in 1 of 200: i0115 (2 rows of legacy)",
      "0006_tags.sql:2 would lose data, and be refused, in 1 of 200: i0136 (2 rows of tags, left behind)",
    ] { #expect(plan.words.contains(text), "\(text): \(plan.output)") }
    let data = try #require(plan.words.range(of: "0002_one_email.sql:1 will fail")).lowerBound
    let named = Set(plan.words[data...].matches(of: /i0\d\d\d/).map { String($0.output) })
    #expect(named == Set(harm.keys.map(fleet.id)), "\(plan.output)")
    #expect(
      plan.words.contains(
        "Data: 8 questions to 200 installations: 6 will fail, 1 will succeed and lose data."),
      "\(plan.output)")
    let (result, records) = try fleet.migrate()
    #expect(result.status == 3)
    let failed = records.filter { $0.value["status"] as? String == "failed" }.map(\.key)
    #expect(Set(failed) == Set(harm.keys.filter { $0 != 94 }.map(fleet.id)), "\(result.output)")
    let lossy = try Connection(path: fleet.path(94), access: .readWrite)
    #expect(try lossy.scalar("SELECT code FROM codes WHERE id = 5") == .integer(7))
  }
}
