import SQLite
import Schema
import Testing

/// A schema with something of everything that SQLite offers.
enum Rich {
  static let sql = """
    CREATE TABLE country (
      code TEXT NOT NULL COLLATE NOCASE PRIMARY KEY CHECK (length(code) = 2),
      name TEXT NOT NULL UNIQUE ON CONFLICT IGNORE,
      area REAL DEFAULT 1.5
    ) WITHOUT ROWID;

    CREATE TABLE city (
      country TEXT NOT NULL REFERENCES country (code) ON DELETE RESTRICT ON UPDATE CASCADE,
      number INTEGER NOT NULL ON CONFLICT ROLLBACK,
      name TEXT COLLATE NOCASE NOT NULL DEFAULT 'Nowhere',
      founded INT DEFAULT (1000 + 500),
      label TEXT GENERATED ALWAYS AS (upper(name)) VIRTUAL,
      size INTEGER AS (length(name)) STORED,
      PRIMARY KEY (country, number),
      UNIQUE (name, founded),
      CHECK (founded IS NULL OR founded > -5000),
      CONSTRAINT named CHECK (name <> 'none')
    ) STRICT;

    CREATE TABLE person (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      country TEXT, number INTEGER,
      boss INTEGER REFERENCES person DEFERRABLE INITIALLY DEFERRED,
      mail TEXT, active BOOLEAN DEFAULT TRUE,
      FOREIGN KEY (country, number) REFERENCES city (country, number) ON DELETE SET NULL
    );
    CREATE TABLE "odd name" ("a column" "VARCHAR(10)", price DECIMAL(10, 2), data BLOB);

    CREATE UNIQUE INDEX person_mail ON person (mail) WHERE mail IS NOT NULL AND active;
    CREATE INDEX person_lower ON person (lower(mail), id DESC);
    CREATE INDEX city_name ON city (name COLLATE BINARY, founded DESC);

    CREATE VIEW bosses AS SELECT id, mail FROM person WHERE boss IS NULL;
    CREATE TRIGGER person_gone AFTER DELETE ON person WHEN old.active BEGIN
      UPDATE person SET boss = NULL WHERE boss = old.id;
      INSERT INTO "odd name" ("a column") VALUES (CASE WHEN old.mail IS NULL THEN 'none' ELSE old.mail END);
    END;
    CREATE TRIGGER bosses_add INSTEAD OF INSERT ON bosses BEGIN INSERT INTO person (mail) VALUES (new.mail); END;
    """

  static func schema(_ sql: String, ignoring rules: [IgnoreRule] = []) throws -> Schema {
    let database = try Connection(path: "", access: .memory)
    try database.executeScript(sql)
    return try Schema(reading: database, ignoring: rules)
  }
}

/// One change of a script: each of `texts` is replaced where it first stands, and `more` runs at the end.
struct Change: CustomTestStringConvertible, Sendable {
  let name: String
  let texts: [(String, String)]
  let more: String
  let expected: String

  /// A change that leads to one difference, `kind object`.
  init(_ expected: String, _ text: String, _ other: String) {
    self.init(expected, expected: expected, texts: [(text, other)])
  }

  /// A change by statements at the end.
  init(_ expected: String, more: String) {
    self.init(expected, expected: expected, texts: [], more: more)
  }

  init(_ name: String, expected: String = "", texts: [(String, String)], more: String = "") {
    self.name = name
    self.texts = texts
    self.more = more
    self.expected = expected
  }

  var testDescription: String { "\(name): \(texts.map { "\($0) → \($1)" }.joined(separator: ", "))\(more)" }

  /// Nil where a text doesn't stand in the script.
  func applied(to sql: String) -> String? {
    var sql = sql
    for (text, other) in texts {
      guard let range = sql.firstRange(of: text) else { return nil }
      sql.replaceSubrange(range, with: other)
    }
    return sql + "\n" + more
  }
}
