import SQLite
import Schema
import TestSupport
import Testing

@Suite struct HarmlessTests {
  static let rules = ["table store_*"].compactMap(IgnoreRule.init)

  @Test(arguments: [
    Change(
      "keywords in capitals",
      texts: [("CREATE VIEW bosses AS SELECT id, mail FROM", "create  view\n bosses as select ID, Mail from")]
    ),
    Change(
      "names in other case",
      texts: [("CREATE TABLE country", "CREATE TABLE COUNTRY"), ("name TEXT NOT NULL", "NAME text not null")]),
    Change(
      "quoted names",
      texts: [
        ("CREATE TABLE city", "CREATE TABLE [city]"), ("founded INT", "`founded` \"INT\""),
        ("UNIQUE (name, founded)", "UNIQUE (\"name\", [founded])"),
      ]),
    Change(
      "names in single quotes",
      texts: [
        ("CREATE TABLE city", "CREATE TABLE 'city'"), ("founded INT", "'founded' INT"),
        ("FOREIGN KEY (country, number)", "FOREIGN KEY ('country', 'number')"),
      ]),
    Change(
      "comments and space",
      texts: [
        ("area REAL", "area /* km² */ REAL -- ',;(\n"), ("(length(code) = 2)", "( length (code)=2 )"),
        ("BEGIN\n", "BEGIN -- x;\n/* END; */"),
      ]),
    Change(
      "column order",
      texts: [
        ("area REAL DEFAULT 1.5", "population INT"),
        (
          "name TEXT NOT NULL UNIQUE ON CONFLICT IGNORE,",
          "area REAL DEFAULT 1.5, name TEXT NOT NULL UNIQUE ON CONFLICT IGNORE,"
        ),
      ], more: "ALTER TABLE country DROP COLUMN population"),
    Change(
      "a table renamed",
      texts: [
        ("CREATE TABLE country", "CREATE TABLE new_country"),
        ("CREATE TABLE city", "ALTER TABLE new_country RENAME TO country; CREATE TABLE city"),
      ]),
    Change(
      "a table renamed that others refer to",
      texts: [
        ("CREATE TABLE city", "CREATE TABLE town"), ("REFERENCES city", "REFERENCES town"),
        ("ON city (name", "ON town (name"),
      ], more: "ALTER TABLE town RENAME TO city"),
    Change(
      "IF NOT EXISTS",
      texts: [
        ("CREATE TABLE city", "CREATE TABLE IF NOT EXISTS city"),
        ("CREATE VIEW bosses", "CREATE VIEW IF NOT EXISTS bosses"),
        ("CREATE TRIGGER person_gone", "CREATE TRIGGER IF NOT EXISTS person_gone"),
        ("CREATE INDEX city_name", "CREATE INDEX IF NOT EXISTS city_name"),
      ]),
    Change(
      "names with the schema",
      texts: [
        ("CREATE TABLE city", "CREATE TABLE main.city"), ("FROM person WHERE", "FROM main.person WHERE"),
        ("AFTER DELETE ON person", "AFTER DELETE ON main.person"),
        ("CREATE INDEX city_name", "CREATE INDEX main.city_name"),
      ]),
    Change(
      "defaults in parentheses",
      texts: [
        ("DEFAULT 'Nowhere'", "DEFAULT (('Nowhere'))"), ("DEFAULT 1.5", "DEFAULT (1.5)"),
        ("DEFAULT (1000 + 500)", "DEFAULT ((1000 + 500))"),
      ]),
    Change("TRUE is 1", texts: [("DEFAULT TRUE", "DEFAULT 1")]),
    Change(
      "DEFAULT NULL is none",
      texts: [
        ("founded INT DEFAULT (1000 + 500)", "founded INT DEFAULT (1000 + 500), ruler TEXT DEFAULT NULL"),
        ("mail TEXT,", "mail TEXT DEFAULT (NULL) NULL,"),
      ], more: "ALTER TABLE city DROP COLUMN ruler"),
    Change("a default in double quotes is a string", texts: [("DEFAULT 'Nowhere'", "DEFAULT \"Nowhere\"")]),
    Change("a bare default is a string", texts: [("DEFAULT 'Nowhere'", "DEFAULT Nowhere")]),
    Change("a sign that changes nothing", texts: [("DEFAULT 1.5", "DEFAULT +1.5")]),
    Change(
      "constraint names",
      texts: [
        ("CONSTRAINT named CHECK", "CHECK"),
        ("PRIMARY KEY (country, number)", "CONSTRAINT pk PRIMARY KEY (country, number)"),
        ("NOT NULL UNIQUE", "CONSTRAINT nn NOT NULL CONSTRAINT u UNIQUE"),
      ]),
    Change(
      "UNIQUE of a table",
      texts: [
        ("UNIQUE ON CONFLICT IGNORE,", ","), ("DEFAULT 1.5", "DEFAULT 1.5, UNIQUE (name) ON CONFLICT IGNORE"),
      ]),
    Change(
      "ON CONFLICT ABORT is what happens anyway",
      texts: [
        ("UNIQUE (name, founded)", "UNIQUE (name, founded) ON CONFLICT ABORT"),
        ("country TEXT NOT NULL", "country TEXT NOT NULL ON CONFLICT ABORT"),
      ]),
    Change(
      "PRIMARY KEY of a table",
      texts: [
        (
          "code TEXT NOT NULL COLLATE NOCASE PRIMARY KEY CHECK (length(code) = 2)",
          "code TEXT NOT NULL COLLATE NOCASE CHECK (length(code) = 2)"
        ), ("DEFAULT 1.5", "DEFAULT 1.5, PRIMARY KEY (code)"),
      ]),
    Change(
      "NOT NULL of a rowid",
      texts: [("id INTEGER PRIMARY KEY AUTOINCREMENT", "id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT")]),
    Change("NOT NULL of a key without rowid", texts: [("code TEXT NOT NULL COLLATE", "code TEXT COLLATE")]),
    Change(
      "REFERENCES of a table",
      texts: [
        (" REFERENCES country (code) ON DELETE RESTRICT ON UPDATE CASCADE", ""),
        (
          "UNIQUE (name, founded)",
          "FOREIGN KEY (country) REFERENCES country ON UPDATE CASCADE ON DELETE RESTRICT, UNIQUE (name, founded)"
        ),
      ]),
    Change(
      "a foreign key that names the primary key",
      texts: [("REFERENCES person DEF", "REFERENCES person (id) MATCH SIMPLE DEF")]),
    Change(
      "a foreign key that is not deferred",
      texts: [("UPDATE CASCADE", "UPDATE CASCADE NOT DEFERRABLE INITIALLY IMMEDIATE")]),
    Change(
      "CHECK of a table",
      texts: [(" CHECK (length(code) = 2)", ""), ("DEFAULT 1.5", "DEFAULT 1.5, CHECK ((length(code) == 2))")]),
    Change(
      "CHECK twice",
      texts: [("CONSTRAINT named CHECK (name <> 'none')", "CHECK (name != 'none'), CHECK (name <> 'none')")]),
    Change(
      "GENERATED ALWAYS",
      texts: [
        ("GENERATED ALWAYS AS (upper(name)) VIRTUAL", "AS (upper(name))"),
        ("INTEGER AS (length", "INTEGER generated  always AS (length"),
      ]),
    Change("COLLATE BINARY is none", texts: [("mail TEXT,", "mail TEXT COLLATE binary,")]),
    Change(
      "a collation that the column has",
      texts: [("UNIQUE (name, founded)", "UNIQUE (name COLLATE NOCASE, founded)")]),
    Change(
      "ASC",
      texts: [
        ("person_mail ON person (mail)", "person_mail ON person (mail ASC)"),
        ("lower(mail),", "lower(mail) ASC,"),
        ("PRIMARY KEY (country, number)", "PRIMARY KEY (country ASC, number)"),
      ]),
    Change(
      "parentheses around a whole condition",
      texts: [("WHERE mail IS NOT NULL AND active", "WHERE (mail IS NOT NULL AND active)")]),
    Change(
      "FOR EACH ROW", texts: [("AFTER DELETE ON person WHEN", "AFTER DELETE ON person FOR EACH ROW WHEN")]),
    Change(
      "statistics", texts: [],
      more: "INSERT INTO country VALUES ('de', 'Germany', 1); ANALYZE; PRAGMA user_version = 7"),
    Change(
      "tables that the application makes when it needs them", texts: [],
      more:
        "CREATE TABLE store_cache (a PRIMARY KEY REFERENCES country); CREATE INDEX i ON store_cache (a); CREATE TRIGGER tr AFTER DELETE ON store_cache BEGIN SELECT 1; END"
    ),
    Change(
      "another order of statements and constraints",
      texts: [
        (
          "PRIMARY KEY (country, number),\n  UNIQUE (name, founded),",
          "UNIQUE (name, founded), PRIMARY KEY (country, number),"
        )
      ]),
  ])
  func `what means the same is no difference`(change: Change) throws {
    let actual = try Rich.schema(try #require(change.applied(to: Rich.sql)), ignoring: Self.rules)
    let expected = try Rich.schema(Rich.sql, ignoring: Self.rules)
    #expect(expected.differences(in: actual) == [])
    #expect(expected.fingerprint == actual.fingerprint)
  }

  @Test func `a trigger without a time is a BEFORE trigger`() throws {
    let sql = "CREATE TABLE t (a); CREATE TRIGGER x BEFORE UPDATE OF a ON t BEGIN SELECT 1; END;"
    let other = sql.replacing("BEFORE ", with: "")
    #expect(try Rich.schema(sql).fingerprint == Rich.schema(other).fingerprint)
  }

  @Test func `a column that was renamed or dropped leaves no trace`() throws {
    let sql = """
      CREATE TABLE t (a PRIMARY KEY, b CHECK (b > 0) DEFAULT 'x', c REFERENCES t (a), UNIQUE (b, c));
      CREATE INDEX i ON t (b) WHERE b > 1; CREATE VIEW v AS SELECT b FROM t;
      CREATE TRIGGER tr AFTER UPDATE OF b ON t BEGIN UPDATE t SET b = new.b; END;
      """
    let other = """
      CREATE TABLE t (a PRIMARY KEY, z, old CHECK (old > 0) DEFAULT 'x', c REFERENCES t (a), UNIQUE (old, c));
      CREATE INDEX i ON t (old) WHERE old > 1; CREATE VIEW v AS SELECT old FROM t;
      CREATE TRIGGER tr AFTER UPDATE OF old ON t BEGIN UPDATE t SET old = new.old; END;
      ALTER TABLE t RENAME COLUMN old TO b; ALTER TABLE t DROP COLUMN z;
      """
    #expect(try Rich.schema(sql).differences(in: Rich.schema(other)) == [])
  }

  @Test func `two foreign keys of one column are told in the same order whatever the text's`() throws {
    let parents = "CREATE TABLE p (a PRIMARY KEY); CREATE TABLE q (a PRIMARY KEY);"
    let one = parents + "CREATE TABLE c (x REFERENCES p (a) REFERENCES q (a) ON DELETE CASCADE)"
    let other = parents + "CREATE TABLE c (x REFERENCES q (a) ON DELETE CASCADE REFERENCES p (a))"
    #expect(try Rich.schema(one).differences(in: Rich.schema(other)) == [])
  }

  @Test func `a virtual table's own tables don't count`() throws {
    let schema = try Rich.schema("CREATE VIRTUAL TABLE texts USING fts5 (body, tokenize = 'porter')")
    #expect(schema.all(.table).map(\.name) == ["texts"])
    let other = try Rich.schema(
      "create virtual table IF NOT EXISTS [texts] using FTS5(body, tokenize='porter')")
    #expect(schema.fingerprint == other.fingerprint)
    let changed = try Rich.schema("CREATE VIRTUAL TABLE texts USING fts5 (body, tokenize = 'ascii')")
    #expect(schema.differences(in: changed).map(\.kind) == [.changed(.table)])
  }
}
