extension DataCase {
  static let sequences: [DataCase] = [
    .init(
      "a column that is filled before its index", "INSERT INTO children (note) VALUES ('A')",
      """
      ALTER TABLE children ADD COLUMN folded TEXT;
      UPDATE children SET folded = lower(note);
      CREATE UNIQUE INDEX u ON children (folded)
      """, finds: ["fails: 1 duplicate of children.folded"]),
    .init(
      "duplicates that go before the index", "INSERT INTO children (note) VALUES ('a'), ('a')",
      """
      -- @deletes children
      DELETE FROM children WHERE id NOT IN (SELECT min(id) FROM children GROUP BY note);
      CREATE UNIQUE INDEX u ON children (note)
      """, finds: ["loses: 2 rows of children, left behind"]),
    .init(
      "NULLs that are filled before",
      "CREATE TABLE a (k INTEGER PRIMARY KEY, x); INSERT INTO a (x) VALUES (NULL), (1)",
      "UPDATE a SET x = 0 WHERE x IS NULL",
      """
      CREATE TABLE b (k INTEGER PRIMARY KEY, x NOT NULL); INSERT INTO b SELECT k, x FROM a;
      DROP TABLE a; ALTER TABLE b RENAME TO a
      """, finds: []),
    .init(
      "a rename before a rebuild",
      "CREATE TABLE a (k INTEGER PRIMARY KEY, x); INSERT INTO a (x) VALUES (1), (1)",
      """
      ALTER TABLE a RENAME TO old_a; ALTER TABLE old_a RENAME COLUMN x TO y;
      CREATE TABLE a (k INTEGER PRIMARY KEY, y UNIQUE); INSERT INTO a SELECT k, y FROM old_a; DROP TABLE old_a
      """, finds: ["fails: 1 duplicate of a.y"]),
    .init(
      "a rename that takes references with it", "",
      """
      ALTER TABLE parents RENAME TO old_parents; CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
      INSERT INTO parents SELECT id, name FROM old_parents; DROP TABLE old_parents
      """, finds: ["fails: 3 orphans of children.parent, without rows of old_parents"]),
    .init(
      "two rebuilds of one table", "INSERT INTO parents (name) VALUES ('one')",
      rebuilt(
        "id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER", "(id, name) SELECT id, name FROM parents"),
      rebuilt(
        "id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, age INTEGER", "SELECT id, name, age FROM parents"),
      finds: ["fails: 1 duplicate of parents.name"]),
    .init(
      "a number that becomes text and a number again",
      "CREATE TABLE a (k INTEGER PRIMARY KEY, x INTEGER); INSERT INTO a (x) VALUES (1), (99)",
      """
      CREATE TABLE b (k INTEGER PRIMARY KEY, x TEXT); INSERT INTO b SELECT k, x FROM a;
      DROP TABLE a; ALTER TABLE b RENAME TO a
      """,
      """
      CREATE TABLE b (k INTEGER PRIMARY KEY, x INTEGER CHECK (typeof(x) = 'integer')); INSERT INTO b SELECT k, x FROM a;
      DROP TABLE a; ALTER TABLE b RENAME TO a
      """, finds: []),
    .init(
      "orphans that were there, as another number and the same again",
      "INSERT INTO children (parent) VALUES (77)",
      """
      -- @changes children.*
      CREATE TABLE b (id INTEGER PRIMARY KEY, parent REAL REFERENCES parents (id), note TEXT);
      INSERT INTO b SELECT id, lower(parent), note FROM children; DROP TABLE children; ALTER TABLE b RENAME TO children;
      CREATE TABLE b (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id), note TEXT);
      INSERT INTO b SELECT * FROM children; DROP TABLE children; ALTER TABLE b RENAME TO children
      """, finds: []),
    .init(
      "a number that an update writes as text",
      "", "UPDATE children SET parent = lower(parent)", finds: []),
    .init(
      "a table with a column called n",
      "CREATE TABLE a (k INTEGER PRIMARY KEY, n); INSERT INTO a (n) VALUES (1), (1)",
      "CREATE UNIQUE INDEX u ON a (n)", finds: ["fails: 1 duplicate of a.n"]),
    .init(
      "a parent that loses its key", "DELETE FROM children",
      rebuilt("id INTEGER, name TEXT NOT NULL"),
      finds: [
        "fails: foreign key mismatch - \"children\" referencing \"parents\": the parent has no suitable key any more"
      ]),
    .init(
      "a row that is there already", "CREATE TABLE a (k TEXT PRIMARY KEY, v); INSERT INTO a VALUES ('x', 1)",
      "INSERT INTO a (k, v) VALUES ('y', 2), ('x', 3)", finds: ["fails: 1 duplicate of a (k) to insert"]),
    .init(
      "a row that isn't there yet", "CREATE TABLE a (k TEXT PRIMARY KEY, v); INSERT INTO a VALUES ('x', 1)",
      "INSERT INTO a (k, v) VALUES ('y', 2)", finds: []),
    .init(
      "rows that are inserted unless they are there",
      "CREATE TABLE a (k TEXT PRIMARY KEY, v NOT NULL); INSERT INTO a VALUES ('x', 1)",
      "INSERT INTO a (k, v) VALUES ('y', 2), ('x', 3) ON CONFLICT DO NOTHING", finds: []),
    .init(
      "rows that are inserted unless they are there, without a value",
      "CREATE TABLE a (k TEXT PRIMARY KEY, v NOT NULL); INSERT INTO a VALUES ('x', 1)",
      "INSERT INTO a (k, v) VALUES ('y', NULL) ON CONFLICT (k) DO NOTHING", finds: ["fails: 1 NULL in a.v"]),
    .init(
      "a column of a table whose rows can't be foretold",
      "CREATE TABLE a (k TEXT PRIMARY KEY, v); INSERT INTO a VALUES ('x', 1)",
      "INSERT OR IGNORE INTO a (k, v) VALUES ('y', 2), ('x', 3); ALTER TABLE a ADD COLUMN w", finds: []),
    .init(
      "rows that are replaced", "CREATE TABLE a (k TEXT PRIMARY KEY, v); INSERT INTO a VALUES ('x', 1)",
      "REPLACE INTO a (k, v) VALUES ('y', 2), ('x', 3)", finds: []),
    .init(
      "a table that is filled from one that is new",
      "", "CREATE TABLE a (x); CREATE TABLE b (y UNIQUE); INSERT INTO b SELECT x FROM a ORDER BY rowid",
      finds: []),
    .init(
      "an update that levels a key",
      "CREATE TABLE a (k TEXT UNIQUE, v); INSERT INTO a VALUES ('x', 1), ('y', 2)",
      "-- @changes a.k\nUPDATE a SET k = 'z' WHERE v < 3", finds: ["fails: 1 duplicate of a.k"]),
    .init(
      "a step that rows decide on, and its condition holds", "INSERT INTO children (note) VALUES ('a')",
      "-- @when query SELECT count(*) > 4 FROM children\nCREATE UNIQUE INDEX u ON children (note)",
      finds: ["fails: 1 duplicate of children.note"]),
    .init(
      "a step that rows decide on, and its condition doesn't hold",
      "INSERT INTO children (note) VALUES ('a')",
      "-- @when query SELECT count(*) > 5 FROM children\nCREATE UNIQUE INDEX u ON children (note)", finds: []),
    .init(
      "a step that the schema decides on", "INSERT INTO children (note) VALUES ('a')",
      "-- @unless column children.note\nCREATE UNIQUE INDEX u ON children (note)", finds: []),
    .init(
      "a requirement of rows", "",
      "-- @require query SELECT count(*) = 0 FROM children WHERE note = 'a'\nSELECT 1",
      finds: ["fails: requires query SELECT count(*) = 0 FROM children WHERE note = 'a', which is not so"]),
    .init(
      "a statement that no database takes", "CREATE TABLE a (x)", "CREATE TABLE a (y)",
      finds: ["fails: table a already exists"]),
  ]

  /// What can't be foretold. Some of these migrations succeed.
  static let unknown: [DataCase] = [
    .init(
      "rows that are skipped", "INSERT INTO parents (name) VALUES ('one')",
      """
      CREATE TABLE b (id INTEGER PRIMARY KEY, name TEXT UNIQUE); INSERT OR IGNORE INTO b SELECT * FROM parents;
      DROP TABLE parents; ALTER TABLE b RENAME TO parents
      """, finds: [], unasked: ["skips or replaces rows that conflict"]),
    .init(
      "rows that are replaced by another key",
      "CREATE TABLE a (k TEXT PRIMARY KEY, v UNIQUE); INSERT INTO a VALUES ('x', 1), ('y', 2)",
      "REPLACE INTO a (k, v) VALUES ('y', 1)", finds: [], unasked: ["what REPLACE removes"]),
    .init(
      "an update from another table", "",
      "UPDATE children SET note = name FROM parents WHERE parents.id = parent; CREATE UNIQUE INDEX u ON children (note)",
      finds: [], unasked: ["this UPDATE is not followed", "this UPDATE is not followed"]),
    .init(
      "rows that a trigger changes",
      "CREATE TRIGGER t AFTER UPDATE ON parents BEGIN UPDATE children SET note = 'z'; END",
      "UPDATE parents SET name = 'x' WHERE id = 1; CREATE UNIQUE INDEX u ON children (note)", finds: [],
      unasked: ["changes its rows in a way that is not followed"]),
    .init(
      "a condition on rows that change before it", "",
      "UPDATE children SET note = name FROM parents",
      "-- @when query SELECT count(*) > 0 FROM children WHERE note = 'a'\nCREATE UNIQUE INDEX u ON children (note)",
      finds: [],
      unasked: ["this UPDATE is not followed", "whether it runs depends on rows that change before it"]),
  ]
}
