import TestSupport
import Testing

/// Two migrations as a tool wants them, and the history of a database that has the first.
struct FormatSample: Sendable, CustomTestStringConvertible {
  /// The format's name in fleet.yml.
  let format: String
  /// The texts of the files by their paths below the folder of migrations.
  let files: [String: String]
  /// The SQL that makes the history.
  let history: String
  /// What `init` shows as the version.
  let version: String

  var testDescription: String { format }

  static let create = "CREATE TABLE t (a INTEGER);\n"
  static let alter = "ALTER TABLE t ADD COLUMN b TEXT;\n"

  private init(_ format: String, _ files: [String: String], _ history: String, version: String = "1") {
    (self.format, self.files, self.history, self.version) = (format, files, history, version)
  }

  /// Writes the files into `migrations/`.
  func write(to folder: TemporaryFolder, in path: String = "migrations") throws {
    for (name, text) in files { try folder.write(text, to: "\(path)/\(name)") }
  }

  /// Makes a database that has the first migration.
  func database(_ name: String, in folder: TemporaryFolder) throws {
    try folder.database(name, Self.create + history)
  }

  private static func marked(_ up: String, _ down: String) -> [String: String] {
    [
      "00001_init.sql": "-- \(up)\n\(create)\n-- \(down)\nDROP TABLE t;\n",
      "00002_add_b.sql": "-- \(up)\n\(alter)\n-- \(down)\nALTER TABLE t DROP COLUMN b;\n",
    ]
  }

  private static let numbered = ["0001_init.sql": create, "0002_add_b.sql": alter]
  private static let pairs = [
    "000001_init.up.sql": create, "000001_init.down.sql": "DROP TABLE t;\n", "000002_add_b.up.sql": alter,
    "000002_add_b.down.sql": "ALTER TABLE t DROP COLUMN b;\n",
  ]
  private static let versioned = ["V1__init.sql": create, "V2__add_b.sql": alter]

  /// The samples whose files alone tell the format.
  static let certain: [FormatSample] = [
    .init(
      "goose", marked("+goose Up", "+goose Down"),
      """
      CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL,
        is_applied INTEGER NOT NULL, tstamp TIMESTAMP DEFAULT (datetime('now')));
      INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1), (1, 1);
      """),
    .init(
      "sql-migrate", marked("+migrate Up", "+migrate Down"),
      """
      CREATE TABLE gorp_migrations (id varchar(255) not null primary key, applied_at datetime);
      INSERT INTO gorp_migrations VALUES ('00001_init.sql', '2024-01-01 12:00:00');
      """, version: "00001_init.sql"),
    .init(
      "dbmate", marked("migrate:up", "migrate:down"),
      """
      CREATE TABLE schema_migrations (version varchar(128) primary key);
      INSERT INTO schema_migrations VALUES ('00001');
      """, version: "00001"),
    .init(
      "diesel",
      [
        "2024-01-01-120000_init/up.sql": create, "2024-01-01-120000_init/down.sql": "DROP TABLE t;\n",
        "2024-01-02-120000_add_b/up.sql": alter, "2024-01-02-120000_add_b/down.sql": "SELECT 1;\n",
      ],
      """
      CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL,
        run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
      INSERT INTO __diesel_schema_migrations (version) VALUES ('20240101120000');
      """, version: "20240101120000"),
    .init(
      "atlas",
      [
        "0001_init.sql": create,
        "atlas.sum": """
        h1:zRt5hkqJ82cAnofEkyH5p6fkipEZmDEm2fyJdKoj46Y=
        0001_init.sql h1:PuI5wgXwKukhgih7VuphlH4hX9FiwcWJ2ZQcz6JYoGo=

        """,
      ],
      """
      CREATE TABLE atlas_schema_revisions (`version` text NOT NULL, `description` text NOT NULL,
        `type` integer NOT NULL DEFAULT (2), `applied` integer NOT NULL DEFAULT (0),
        `total` integer NOT NULL DEFAULT (0), `executed_at` datetime NOT NULL, `execution_time` integer NOT NULL,
        `error` text NULL, `error_stmt` text NULL, `hash` text NOT NULL, `partial_hashes` json NULL,
        `operator_version` text NOT NULL, PRIMARY KEY (`version`));
      INSERT INTO atlas_schema_revisions VALUES ('0001', 'init', 2, 1, 1, '2024-01-01', 1, '', '',
        'PuI5wgXwKukhgih7VuphlH4hX9FiwcWJ2ZQcz6JYoGo=', 'null', 'Atlas CLI');
      """, version: "0001"),
    .init(
      "prisma",
      [
        "20240101120000_init/migration.sql": create, "20240102120000_add_b/migration.sql": alter,
        "migration_lock.toml": "provider = \"sqlite\"\n",
      ],
      """
      CREATE TABLE _prisma_migrations (id TEXT PRIMARY KEY NOT NULL, checksum TEXT NOT NULL, finished_at DATETIME,
        migration_name TEXT NOT NULL, logs TEXT, rolled_back_at DATETIME,
        started_at DATETIME NOT NULL DEFAULT current_timestamp, applied_steps_count INTEGER UNSIGNED NOT NULL DEFAULT 0);
      INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name) VALUES ('a',
        '51d0822d5303317da1ab330cc54b509576a95fa6f6419a1e8be084e6fa86c210', 1704110400000, '20240101120000_init');
      """, version: "20240101120000_init"),
    .init(
      "drizzle",
      [
        "0000_init.sql": create, "0001_add_b.sql": alter,
        "meta/_journal.json": """
        {"version": "7", "dialect": "sqlite", "entries": [
          {"idx": 0, "version": "6", "when": 1704110400000, "tag": "0000_init", "breakpoints": true},
          {"idx": 1, "version": "6", "when": 1704196800000, "tag": "0001_add_b", "breakpoints": true}]}
        """,
      ],
      """
      CREATE TABLE __drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric);
      INSERT INTO __drizzle_migrations (hash, created_at) VALUES (
        '51d0822d5303317da1ab330cc54b509576a95fa6f6419a1e8be084e6fa86c210', 1704110400000);
      """, version: "1704110400000"),
    .init(
      "yoyo",
      [
        "0001.init.sql": "-- depends:\n\(create)", "0001.init.rollback.sql": "DROP TABLE t;\n",
        "0002.add-b.sql": "-- depends: 0001.init\n\(alter)",
      ], yoyo("0001.init"), version: "0001.init"),
    .init("user_version", ["1.sqm": create, "2.sqm": alter], "PRAGMA user_version = 2;", version: "2"),
  ]

  private static func yoyo(_ id: String) -> String {
    """
    CREATE TABLE "_yoyo_migration" ("migration_hash" VARCHAR(64), "migration_id" VARCHAR(255),
      "applied_at_utc" TIMESTAMP, PRIMARY KEY ("migration_hash"));
    CREATE TABLE "yoyo_lock" ("locked" INT DEFAULT 1, "ctime" TIMESTAMP, "pid" INT NOT NULL, PRIMARY KEY ("locked"));
    INSERT INTO "_yoyo_migration" VALUES ('80d448607e02943553d30e6a2c6d4a83577f3ce023dce3651fe886a405b75d3d',
      '\(id)', '2024-01-01 12:00:00');
    """
  }

  /// The samples whose files could be those of another tool too: the database settles it.
  static let ambiguous: [FormatSample] = [
    .init(
      "golang-migrate", pairs,
      """
      CREATE TABLE schema_migrations (version uint64, dirty bool);
      CREATE UNIQUE INDEX version_unique ON schema_migrations (version);
      INSERT INTO schema_migrations VALUES (1, 0);
      """),
    .init("sqlx", pairs, sqlx),
    .init("sqlx", numbered, sqlx),
    .init(
      "refinery", versioned,
      """
      CREATE TABLE refinery_schema_history (version INT4 PRIMARY KEY, name VARCHAR(255), applied_on VARCHAR(255),
        checksum VARCHAR(255));
      INSERT INTO refinery_schema_history VALUES (1, 'init', '2024-01-01T12:00:00Z', '14658379894471992840');
      """),
    .init(
      "flyway", versioned,
      """
      CREATE TABLE flyway_schema_history (installed_rank INT NOT NULL PRIMARY KEY, version VARCHAR(50),
        description VARCHAR(200) NOT NULL, type VARCHAR(20) NOT NULL, script VARCHAR(1000) NOT NULL, checksum INT,
        installed_by VARCHAR(100) NOT NULL,
        installed_on TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f','now')), execution_time INT NOT NULL,
        success BOOLEAN NOT NULL);
      CREATE INDEX flyway_schema_history_s_idx ON flyway_schema_history (success);
      INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, checksum, installed_by,
        execution_time, success) VALUES (1, '1', 'init', 'SQL', 'V1__init.sql', 278413035, '', 1, 1);
      """),
    .init(
      "d1", numbered,
      """
      CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE,
        applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL);
      INSERT INTO d1_migrations (name) VALUES ('0001_init.sql');
      """, version: "0001_init.sql"),
    .init("yoyo", numbered, yoyo("0001_init"), version: "0001_init"),
    .init("user_version", numbered, "PRAGMA user_version = 1;"),
    .init(
      "flotilla", numbered,
      """
      CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL,
        applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
      INSERT INTO schema_migrations (version, name) VALUES (1, 'init');
      """),
  ]

  private static let sqlx = """
    CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL,
      installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum BLOB NOT NULL,
      execution_time BIGINT NOT NULL);
    INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (1, 'init', 1,
      x'4f51a7a1bf962fc60315a70610b0f99a05f9aee97bdb92aa7abe75739ee63325ed79b6f2db90ea9fdb1db7ddcab72338', 1);
    """
}
