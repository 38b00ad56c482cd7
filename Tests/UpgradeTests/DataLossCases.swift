extension DataCase {
  static let losses: [DataCase] = [
    .init("a table that is dropped", "", "DROP TABLE children", finds: ["refused: 4 rows of children"]),
    .init(
      "a table that may be dropped", "", "-- @deletes children\nDROP TABLE children",
      finds: ["loses: 4 rows of children"]),
    .init("an empty table that is dropped", "CREATE TABLE a (x)", "DROP TABLE a", finds: []),
    .init(
      "a table that is copied first", "",
      "-- @deletes children\nCREATE TABLE b AS SELECT * FROM children; DROP TABLE children", finds: []),
    .init(
      "a table that is dropped one migration after it was copied", "",
      "CREATE TABLE b (id, parent, note); INSERT INTO b SELECT * FROM children", "DROP TABLE children",
      finds: ["refused: 4 rows of children, which are copied into a table of another name"]),
    .init(
      "a column that is dropped", "", "ALTER TABLE children DROP COLUMN note",
      finds: ["loses: 4 values of children.note, which is dropped"]),
    .init(
      "an empty column that is dropped", "UPDATE children SET note = NULL",
      "ALTER TABLE children DROP COLUMN note",
      finds: []),
    .init(
      "a column that a rebuild leaves out", "",
      """
      CREATE TABLE b (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id));
      INSERT INTO b SELECT id, parent FROM children; DROP TABLE children; ALTER TABLE b RENAME TO children
      """, finds: ["loses: 4 values of children.note, which is dropped"]),
    .init(
      "rows that a WHERE leaves behind", "",
      rebuilt(
        "id INTEGER PRIMARY KEY, name TEXT NOT NULL", "SELECT id, name FROM parents WHERE id < 9"), finds: []),
    .init(
      "rows that a WHERE leaves behind, as declared",
      "DELETE FROM children",
      rebuilt(
        "id INTEGER PRIMARY KEY, name TEXT NOT NULL", "SELECT id, name FROM parents WHERE id < 3",
        directive: "-- @deletes parents"), finds: ["loses: 1 row of parents, left behind"]),
    .init(
      "rows that a join leaves behind", "",
      """
      CREATE TABLE b (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id), note TEXT);
      INSERT INTO b SELECT c.id, c.parent, c.note FROM children AS c JOIN parents p ON p.id = c.parent;
      DROP TABLE children; ALTER TABLE b RENAME TO children
      """, finds: ["refused: 1 row of children, left behind"]),
    .init(
      "rows that a join doubles and leaves behind",
      "CREATE TABLE extra (child); INSERT INTO extra VALUES (1), (1), (2), (3)",
      """
      -- @changes children.*
      CREATE TABLE b (parent INTEGER REFERENCES parents (id), note TEXT);
      INSERT INTO b SELECT children.parent, children.note FROM children JOIN extra ON child = children.id;
      DROP TABLE children; ALTER TABLE b RENAME TO children
      """,
      finds: ["loses: 1 row of children, left behind"]),
    .init(
      "rows that are merged", "INSERT INTO parents (name) VALUES ('one')",
      rebuilt(
        "id INTEGER PRIMARY KEY, name TEXT NOT NULL", "SELECT min(id), name FROM parents GROUP BY name"),
      finds: ["refused: 1 row of parents, left behind"]),
    .init(
      "a version number that becomes a number",
      "CREATE TABLE a (k INTEGER PRIMARY KEY, v TEXT); INSERT INTO a (v) VALUES ('1.10'), ('1.9'), ('2'), (NULL)",
      """
      -- @changes a.v
      CREATE TABLE b (k INTEGER PRIMARY KEY, v REAL); INSERT INTO b SELECT * FROM a;
      DROP TABLE a; ALTER TABLE b RENAME TO a
      """, finds: ["loses: 1 value of a.v, changed by type REAL"]),
    .init(
      "a conversion that isn't declared",
      "CREATE TABLE a (k INTEGER PRIMARY KEY, v TEXT); INSERT INTO a (v) VALUES ('007'), ('12'), (NULL), ('x')",
      """
      CREATE TABLE b (k INTEGER PRIMARY KEY, v INTEGER); INSERT INTO b SELECT * FROM a;
      DROP TABLE a; ALTER TABLE b RENAME TO a
      """, finds: ["refused: 1 value of a.v, changed by type INTEGER"]),
    .init(
      "a CAST that isn't declared",
      "CREATE TABLE a (k INTEGER PRIMARY KEY, v TEXT); INSERT INTO a (v) VALUES ('7 kg'), ('12'), (NULL), ('x')",
      """
      CREATE TABLE b (k INTEGER PRIMARY KEY, v INTEGER); INSERT INTO b SELECT k, CAST(v AS INTEGER) FROM a ORDER BY rowid;
      DROP TABLE a; ALTER TABLE b RENAME TO a
      """, finds: ["refused: 2 values of a.v, copied as others"]),
    .init(
      "a CAST that changes nothing",
      "CREATE TABLE a (k INTEGER PRIMARY KEY, v TEXT); INSERT INTO a (v) VALUES ('7'), ('12'), (NULL)",
      """
      CREATE TABLE b (k INTEGER PRIMARY KEY, v INTEGER); INSERT INTO b SELECT k, CAST(v AS INTEGER) FROM a;
      DROP TABLE a; ALTER TABLE b RENAME TO a
      """, finds: []),
    .init(
      "a CAST of a column that is dropped afterwards",
      "CREATE TABLE a (k INTEGER PRIMARY KEY, v TEXT); INSERT INTO a (v) VALUES ('7 kg')",
      """
      CREATE TABLE b (k INTEGER PRIMARY KEY, v INTEGER); INSERT INTO b SELECT k, CAST(v AS INTEGER) FROM a;
      DROP TABLE a; ALTER TABLE b RENAME TO a; ALTER TABLE a DROP COLUMN v
      """, finds: ["loses: 1 value of a.v, which is dropped"]),
    .init(
      "orphans that were there, as other numbers", "INSERT INTO children (parent) VALUES (77)",
      """
      -- @changes children.*
      CREATE TABLE b (id INTEGER PRIMARY KEY, parent REAL REFERENCES parents (id), note TEXT);
      INSERT INTO b SELECT * FROM children; DROP TABLE children; ALTER TABLE b RENAME TO children
      """, finds: ["fails: 1 orphan of children.parent, without a row of parents"]),
    .init(
      "all rows that go", "", "DELETE FROM children", finds: ["refused: 4 rows of children, left behind"]),
  ]
}
