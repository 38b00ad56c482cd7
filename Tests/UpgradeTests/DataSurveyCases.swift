import Testing

/// Rows, a migration, and what the rows say to it.
struct DataCase: Sendable, CustomTestStringConvertible {
  let name: String
  /// What the database has besides the bench's own tables and rows.
  let rows: String
  let migrations: [String]
  /// The findings, each after its effect.
  let found: [String]
  /// A part of each reason why a statement was not asked.
  var unasked: [String] = []

  var testDescription: String { name }

  init(_ name: String, _ rows: String, _ migrations: String..., finds found: [String], unasked: [String] = [])
  {
    (self.name, self.rows, self.migrations, self.found) = (name, rows, migrations, found)
    self.unasked = unasked
  }
}

extension DataCase {
  /// `parents (id, name)` has the rows one, two, three; `children (id, parent, note)` has four, with notes a to d.
  static func rebuilt(
    _ columns: String, _ copy: String = "SELECT id, name FROM parents", options: String = "",
    directive: String = ""
  ) -> String {
    """
    \(directive)
    CREATE TABLE new_parents (\(columns))\(options);
    INSERT INTO new_parents \(copy);
    DROP TABLE parents;
    ALTER TABLE new_parents RENAME TO parents;
    """
  }

  static let constraints: [DataCase] = [
    .init(
      "a plain unique index", "INSERT INTO children (note) VALUES ('a'), ('a'), (NULL), (NULL)",
      "CREATE UNIQUE INDEX u ON children (note)", finds: ["fails: 2 duplicates of children.note"]),
    .init("NULLs are no duplicates", "", "CREATE UNIQUE INDEX u ON children (parent)", finds: []),
    .init(
      "an index on an expression", "INSERT INTO children (note) VALUES ('A')",
      "CREATE UNIQUE INDEX u ON children (lower(note) DESC)", finds: ["fails: 1 duplicate of children in u"]),
    .init(
      "an index with a collation", "INSERT INTO children (note) VALUES ('A')",
      "CREATE UNIQUE INDEX u ON children (note COLLATE NOCASE)",
      finds: ["fails: 1 duplicate of children.note"]),
    .init(
      "a partial index beside the duplicates", "INSERT INTO children (note) VALUES ('a')",
      "CREATE UNIQUE INDEX u ON children (note) WHERE parent IS NOT NULL", finds: []),
    .init(
      "an index on two columns", "INSERT INTO children (parent, note) VALUES (1, 'a'), (2, 'a')",
      "CREATE UNIQUE INDEX u ON children (parent, note)",
      finds: ["fails: 1 duplicate of children (parent, note)"]),
    .init(
      "an index with a key in it", "", "CREATE UNIQUE INDEX u ON children (id, note)", finds: []),
    .init(
      "an index that is there already", "CREATE UNIQUE INDEX u ON parents (name)",
      "CREATE UNIQUE INDEX IF NOT EXISTS u ON parents (name)", finds: []),
    .init(
      "a UNIQUE in a rebuild", "INSERT INTO parents (name) VALUES ('two')",
      rebuilt("id INTEGER PRIMARY KEY, name TEXT UNIQUE"), finds: ["fails: 1 duplicate of parents.name"]),
    .init(
      "another primary key",
      "CREATE TABLE a (k INTEGER PRIMARY KEY, x TEXT); INSERT INTO a (x) VALUES ('y'), ('y')",
      "CREATE TABLE b (k INTEGER, x TEXT PRIMARY KEY); INSERT INTO b SELECT * FROM a; DROP TABLE a; ALTER TABLE b RENAME TO a",
      finds: ["fails: 1 duplicate of a.x"]),
    .init(
      "duplicates after a conversion",
      "DELETE FROM children; UPDATE parents SET name = id; INSERT INTO parents (name) VALUES ('01')",
      rebuilt(
        "id INTEGER PRIMARY KEY, name INTEGER UNIQUE", directive: "-- @changes parents.name"),
      finds: [
        "fails: 1 duplicate of parents.name", "loses: 1 value of parents.name, changed by type INTEGER",
      ]),
    .init(
      "a NOT NULL in a rebuild", "CREATE TABLE a (x, y); INSERT INTO a VALUES (1, NULL), (NULL, 2)",
      "CREATE TABLE b (x NOT NULL, y); INSERT INTO b SELECT * FROM a; DROP TABLE a; ALTER TABLE b RENAME TO a",
      finds: ["fails: 1 NULL in a.x"]),
    .init(
      "a NOT NULL that the query satisfies",
      "CREATE TABLE a (k INTEGER PRIMARY KEY, x); INSERT INTO a (x) VALUES (1), (NULL)",
      """
      CREATE TABLE b (k INTEGER PRIMARY KEY, x NOT NULL); INSERT INTO b SELECT k, coalesce(x, 0) FROM a;
      DROP TABLE a; ALTER TABLE b RENAME TO a
      """, finds: []),
    .init(
      "a NOT NULL column without a value for rows", "", "ALTER TABLE parents ADD COLUMN age INTEGER NOT NULL",
      finds: ["fails: 3 rows of parents: Cannot add a NOT NULL column with default value NULL"]),
    .init(
      "a NOT NULL column of an empty table", "CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y NOT NULL",
      finds: []),
    .init(
      "a column whose default isn't constant", "",
      "ALTER TABLE parents ADD COLUMN at TEXT DEFAULT CURRENT_DATE",
      finds: ["fails: 3 rows of parents: Cannot add a column with non-constant default"]),
    .init(
      "a column whose default violates a CHECK", "",
      "ALTER TABLE parents ADD COLUMN age INTEGER DEFAULT 0 CHECK (age > 0)",
      finds: ["fails: 3 rows of parents against CHECK (age > 0)"]),
    .init(
      "a CHECK in a rebuild", "",
      rebuilt("id INTEGER PRIMARY KEY, name TEXT NOT NULL, CHECK (length(name) < 4)"),
      finds: ["fails: 1 row of parents against CHECK (length(name) < 4)"]),
    .init(
      "a CHECK that was there",
      "CREATE TABLE a (k INTEGER PRIMARY KEY, x CHECK (x > 0)); INSERT INTO a (x) VALUES (1)",
      """
      CREATE TABLE b (k INTEGER PRIMARY KEY, x CHECK (x>0), y); INSERT INTO b (k, x) SELECT k, x FROM a;
      DROP TABLE a; ALTER TABLE b RENAME TO a
      """, finds: []),
    .init(
      "a STRICT table",
      "CREATE TABLE a (x, y TEXT, z); INSERT INTO a VALUES ('12', x'00', 1.5), ('1x', 'y', 2.0)",
      """
      CREATE TABLE b (x INTEGER, y TEXT, z INTEGER) STRICT; INSERT INTO b SELECT * FROM a;
      DROP TABLE a; ALTER TABLE b RENAME TO a
      """,
      finds: [
        "fails: 1 value of a.x that is no INTEGER", "fails: 1 value of a.y that is no TEXT",
        "fails: 1 value of a.z that is no INTEGER",
      ]),
    .init(
      "text that can't number rows", "CREATE TABLE a (k TEXT); INSERT INTO a VALUES ('1'), ('x')",
      "CREATE TABLE b (k INTEGER PRIMARY KEY); INSERT INTO b SELECT k FROM a; DROP TABLE a; ALTER TABLE b RENAME TO a",
      finds: ["fails: 1 value of a.k that is no INTEGER"]),
    .init(
      "a new foreign key",
      "UPDATE children SET note = '1' WHERE id < 4; INSERT INTO children (note) VALUES ('9')",
      """
      CREATE TABLE b (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents, note INTEGER REFERENCES parents (id));
      INSERT INTO b SELECT id, parent, note FROM children; DROP TABLE children; ALTER TABLE b RENAME TO children
      """, finds: ["fails: 2 orphans of children.note, without rows of parents"]),
    .init(
      "orphans that were there", "INSERT INTO children (parent) VALUES (77)",
      """
      CREATE TABLE b (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id), note TEXT);
      INSERT INTO b SELECT * FROM children; DROP TABLE children; ALTER TABLE b RENAME TO children
      """, finds: []),
    .init(
      "parents that go", "INSERT INTO children (parent) VALUES (77)",
      "-- @deletes parents\nDELETE FROM parents WHERE id = 2",
      finds: [
        "fails: 1 orphan of children.parent, without a row of parents",
        "loses: 1 row of parents, left behind",
      ]),
    .init(
      "an added column that refers to nothing", "",
      "ALTER TABLE parents ADD COLUMN boss INTEGER REFERENCES parents (id)",
      finds: []),
    .init(
      "an added column whose default refers to nothing", "",
      "ALTER TABLE parents ADD COLUMN boss INTEGER DEFAULT 9 REFERENCES parents (id)",
      finds: ["fails: 3 orphans of parents.boss, without rows of parents"]),
  ]
}
