import BenchSupport
import Foundation
import Migrations
import SQLite
import Schema
import TestSupport
import Testing
import Upgrade

/// Databases that are not like most: each is backed up, compared, migrated, and keeps what it has.
@Suite struct SpecialDatabaseTests {
  /// Version 1 with `more`, upgraded by a rebuild of `children` and by `change`.
  @discardableResult
  private func upgraded(
    settings: String = "", schema: String = "", rows: String = "", change: String = "",
    location: SourceLocation = #_sourceLocation
  ) throws -> Bench {
    let bench = try Bench(settings: settings, more: schema + rows)
    try bench.migration("0001_create_tables.sql", Bench.first + "\n" + schema)
    try bench.migration("0002_add_cascade.sql", Bench.rebuild + change)
    let before = try Content.dump(bench.path)
    let outcome = try bench.upgrade()
    #expect(
      outcome.status == .migrated, "\(outcome.failure?.description ?? "")", sourceLocation: location)
    #expect(outcome.drift == [], sourceLocation: location)
    if bench.exists("backup.sqlite") {
      #expect(try Content.dump(bench.backupPath) == before, sourceLocation: location)
    }
    #expect(try Content.integrity(bench.path) == "ok", sourceLocation: location)
    return bench
  }

  @Test(arguments: [512, 1024, 4096, 65536], ["DELETE", "WAL"])
  func `every page size keeps its size`(size: Int, mode: String) throws {
    let bench = try upgraded(settings: "PRAGMA page_size=\(size); PRAGMA journal_mode=\(mode);")
    #expect(try Content.value("PRAGMA page_size", at: bench.path) == Int64(size))
    #expect(try Content.value("PRAGMA page_size", at: bench.backupPath) == Int64(size))
  }

  @Test(arguments: ["UTF-16le", "UTF-16be"])
  func `text in UTF-16 is kept`(encoding: String) throws {
    let text = String(repeating: "Zürich ☃ 日本 😀 ", count: 300)
    let bench = try upgraded(
      settings: "PRAGMA encoding='\(encoding)';",
      rows: "UPDATE children SET note = '\(text)'; INSERT INTO parents VALUES (9, ''), (10, '\(text)');")
    #expect(try Content.value("SELECT count(*) FROM children WHERE note = '\(text)'", at: bench.path) == 4)
  }

  @Test func `auto-vacuum is kept`() throws {
    for mode in [1, 2] {
      let bench = try upgraded(settings: "PRAGMA auto_vacuum=\(mode);")
      #expect(try Content.value("PRAGMA auto_vacuum", at: bench.path) == Int64(mode))
    }
  }

  @Test func `a table of a hundred thousand rows is rebuilt`() throws {
    let bench = try upgraded(
      rows: """
        INSERT INTO children (parent, note)
        WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 100000)
        SELECT i % 3 + 1, 'note ' || i FROM c;
        """)
    #expect(try Content.value("SELECT count(*) FROM children", at: bench.path) == 100_004)
  }

  @Test func `a table without row numbers is kept`() throws {
    let bench = try upgraded(
      schema: "CREATE TABLE pairs (a TEXT, b INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID;",
      rows: "INSERT INTO pairs VALUES ('x', 1), ('x', 2), ('y', 1);", change: "UPDATE pairs SET b = b + 10;")
    #expect(try Content.value("SELECT sum(b) FROM pairs", at: bench.path) == 34)
  }

  @Test func `generated columns are kept`() throws {
    let bench = try upgraded(
      schema:
        "CREATE TABLE boxes (w INTEGER, h INTEGER, area INTEGER AS (w * h), stored INTEGER AS (w + h) STORED);",
      rows: "INSERT INTO boxes (w, h) VALUES (2, 3), (4, 5);", change: "UPDATE boxes SET w = w + 1;")
    #expect(try Content.value("SELECT sum(area) FROM boxes", at: bench.path) == 34)
  }

  @Test func `columns that are called like row numbers are kept`() throws {
    let bench = try upgraded(
      schema: """
        CREATE TABLE odd (rowid TEXT, _rowid_ TEXT, parent INTEGER REFERENCES parents (id));
        CREATE TABLE odder (rowid TEXT, _rowid_ TEXT, oid TEXT);
        """,
      rows: """
        INSERT INTO odd VALUES ('a', 'b', 1), ('c', 'd', 44);
        INSERT INTO odder VALUES ('a', 'b', 'c'), ('d', 'e', 'f');
        """, change: "UPDATE odd SET rowid = 'z'; UPDATE odder SET oid = rowid;")
    #expect(try Content.value("SELECT count(*) FROM odd WHERE rowid = 'z'", at: bench.path) == 2)
  }

  @Test func `bytes that are no text are kept`() throws {
    let bench = try upgraded(
      rows: """
        UPDATE children SET note = CAST(x'610062' AS TEXT) WHERE id = 1;
        UPDATE children SET note = CAST(x'fffe80c3' AS TEXT) WHERE id = 2;
        UPDATE children SET note = x'00ff00' WHERE id = 3;
        UPDATE children SET note = 1e999 WHERE id = 4;
        """)
    #expect(
      try Content.rows(of: "children", at: bench.path).map { $0.split(separator: ",").last ?? "" } == [
        "text:610062", "text:FFFE80C3", "blob:00FF00", "text:496E66",
      ])
  }

  @Test func `a full-text index is kept and can be written`() throws {
    let bench = try upgraded(
      schema: "CREATE VIRTUAL TABLE pages USING fts5(title, body);",
      rows: "INSERT INTO pages VALUES ('harbour', 'ships and boats'), ('sea', 'water');",
      change:
        "INSERT INTO pages VALUES ('shore', 'boats and sand'); UPDATE pages SET title = 'ocean' WHERE title = 'sea';"
    )
    #expect(try Content.value("SELECT count(*) FROM pages WHERE pages MATCH 'boats'", at: bench.path) == 2)
    #expect(try Content.value("SELECT count(*) FROM pages WHERE pages MATCH 'ocean'", at: bench.path) == 1)
  }

  @Test func `a trigger that writes a full-text index runs`() throws {
    let bench = try Bench()
    try bench.migration(
      "0002_index_names.sql",
      """
      CREATE VIRTUAL TABLE names USING fts5(name, content='parents', content_rowid='id');
      CREATE TRIGGER names_add AFTER INSERT ON parents BEGIN
        INSERT INTO names (rowid, name) VALUES (new.id, new.name);
      END;
      """)
    #expect(try bench.upgrade().status == .migrated)
    try bench.migration("0003_add_nine.sql", "INSERT INTO parents VALUES (9, 'nine');")
    #expect(try bench.upgrade().status == .migrated)
    #expect(try Content.value("SELECT rowid FROM names WHERE names MATCH 'nine'", at: bench.path) == 9)
  }

  @Test func `triggers and views are kept`() throws {
    let bench = try upgraded(
      schema: """
        CREATE TABLE log (what TEXT);
        CREATE TRIGGER note_parents AFTER INSERT ON parents BEGIN INSERT INTO log VALUES (new.name); END;
        CREATE VIEW family AS SELECT name FROM parents WHERE id > 1;
        CREATE TRIGGER family_add INSTEAD OF INSERT ON family BEGIN INSERT INTO parents (name) VALUES (new.name); END;
        """, change: "INSERT INTO family (name) VALUES ('five');")
    #expect(try Content.value("SELECT count(*) FROM log WHERE what = 'five'", at: bench.path) == 1)
    #expect(try Content.value("SELECT count(*) FROM family", at: bench.path) == 3)
  }

  @Test func `names that need quoting are kept`() throws {
    try upgraded(
      schema:
        #"CREATE TABLE "it's ""odd""; 日本" ("select" TEXT, "a b" TEXT); CREATE INDEX "i x" ON "it's ""odd""; 日本" ("a b");"#,
      rows: #"INSERT INTO "it's ""odd""; 日本" VALUES ('x', 'y');"#,
      change: #"UPDATE "it's ""odd""; 日本" SET "select" = 'z';"#)
  }

  @Test func `a counter of AUTOINCREMENT is kept across a rebuild of another table`() throws {
    let bench = try upgraded(
      schema: "CREATE TABLE tickets (id INTEGER PRIMARY KEY AUTOINCREMENT, t TEXT);",
      rows: "INSERT INTO tickets VALUES (50, 'x'); DELETE FROM tickets;",
      change: "INSERT INTO tickets (t) VALUES ('y');")
    #expect(try Content.value("SELECT max(id) FROM tickets", at: bench.path) == 51)
  }
}
