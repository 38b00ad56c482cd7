import Foundation

extension MigrationTool {
  /// Every format.
  static let all: [MigrationTool] = [
    goose, sqlMigrate, golangMigrate, dbmate, sqlx, diesel, refinery, flyway, atlas, prisma, drizzle, d1,
    yoyo,
    userVersion, sqlDelight, custom, flotilla,
  ]

  /// Those that keep their history in a table.
  static let tabular = all.filter { $0.table != nil }

  static let goose = MigrationTool(
    name: "goose", format: "goose", table: "goose_db_version",
    files: { scripts in
      files(scripts) { ("0000\($0.number)_\($0.name).sql", marked($0, "+goose")) }
    })

  static let sqlMigrate = MigrationTool(
    name: "sql-migrate", format: "sql-migrate", table: "gorp_migrations", begins: false,
    files: { scripts in files(scripts) { ("\($0.number)-\($0.name).sql", marked($0, "+migrate")) } },
    program: SQLMigrate())

  static let golangMigrate = MigrationTool(
    name: "golang-migrate", format: "golang-migrate", table: "schema_migrations",
    files: { pairs("00000", $0) })

  static let dbmate = MigrationTool(
    name: "dbmate", format: "dbmate", table: "schema_migrations", begins: false,
    files: { scripts in
      files(scripts) {
        (
          "2024010100000\($0.number)_\($0.name).sql",
          "-- migrate:up\n\($0.text)\n-- migrate:down\n\(Script.down)"
        )
      }
    }, program: Dbmate())

  static let sqlx = MigrationTool(
    name: "sqlx", format: "sqlx", table: "_sqlx_migrations", files: { pairs("2024010100000", $0) })

  static let diesel = MigrationTool(
    name: "diesel", format: "diesel", table: "__diesel_schema_migrations",
    files: { scripts in
      files(scripts) { ("2024-01-0\($0.number)-000000_\($0.name)/up.sql", $0.text) }
        .merging(files(scripts) { ("2024-01-0\($0.number)-000000_\($0.name)/down.sql", Script.down) }) { $1 }
    })

  static let refinery = MigrationTool(
    name: "refinery", format: "refinery", table: "refinery_schema_history",
    files: { scripts in files(scripts) { ("V\($0.number)__\($0.name).sql", $0.text) } })

  static let flyway = MigrationTool(
    name: "flyway", format: "flyway", table: "flyway_schema_history",
    files: { scripts in
      files(scripts) { ("V1.\($0.number)__\($0.name).sql", $0.text.replacing("\n", with: "\r\n")) }
        .merging(files(scripts) { ("U1.\($0.number)__\($0.name).sql", Script.down) }) { $1 }
    })

  static let atlas = MigrationTool(
    name: "atlas", format: "atlas", table: "atlas_schema_revisions",
    files: { scripts in files(scripts) { ("2024010100000\($0.number)_\($0.name).sql", $0.text) } })

  static let prisma = MigrationTool(
    name: "prisma", format: "prisma", table: "_prisma_migrations",
    files: { scripts in
      files(scripts) { ("2024010100000\($0.number)_\($0.name)/migration.sql", $0.text) }
        .merging(["migration_lock.toml": "provider = \"sqlite\"\n"]) { $1 }
    })

  static let drizzle = MigrationTool(
    name: "drizzle", format: "drizzle", table: "__drizzle_migrations",
    files: { scripts in
      let entries = scripts.map {
        """
        {"idx": \($0.number - 1), "version": "6", "when": \(1_704_067_200_000 + $0.number * 1_000), \
        "tag": "000\($0.number - 1)_\($0.name)", "breakpoints": true}
        """
      }
      let journal =
        #"{"version": "7", "dialect": "sqlite", "entries": ["# + entries.joined(separator: ", ") + "]}"
      return files(scripts) {
        (
          "000\($0.number - 1)_\($0.name).sql",
          // drizzle-kit writes no semicolon after a trigger, and one after everything else.
          $0.statements.map { $0.hasSuffix("END") ? $0 : $0 + ";" }.joined(
            separator: "--> statement-breakpoint\n")
        )
      }.merging(["meta/_journal.json": journal, "meta/0000_snapshot.json": "{}"]) { $1 }
    })

  static let d1 = MigrationTool(
    name: "d1", format: "d1", table: "d1_migrations",
    files: { scripts in files(scripts) { ("000\($0.number)_\($0.name).sql", $0.text) } })

  static let yoyo = MigrationTool(
    name: "yoyo", format: "yoyo", table: "_yoyo_migration",
    files: { scripts in
      let names = scripts.map { "000\($0.number).\($0.name)" }
      return files(scripts) {
        (
          "\(names[$0.number - 1]).sql",
          "-- depends: \($0.number > 1 ? names[$0.number - 2] : "")\n\n" + $0.text
        )
      }.merging(files(scripts) { ("\(names[$0.number - 1]).rollback.sql", Script.down) }) { $1 }
    }, program: Yoyo())

  static let userVersion = MigrationTool(
    name: "user_version", format: "user_version", begins: false,
    files: { scripts in files(scripts) { ("\($0.number)_\($0.name).sql", $0.text) } })

  static let sqlDelight = MigrationTool(
    name: "sqldelight", format: "user_version", begins: false,
    files: { scripts in files(scripts) { ("\($0.number).sqm", $0.text) } })

  static let custom = MigrationTool(
    name: "custom", format: "custom",
    settings: """
      table: app_version, columns: { version: num, name: title, checksum: sum, applied_at: at }, \
      values: { kind: sql }
      """, table: "app_version",
    files: { scripts in files(scripts) { ("\($0.number)-\($0.name).sql", $0.text) } })

  static let flotilla = MigrationTool(
    name: "flotilla", format: "flotilla", table: "schema_migrations",
    files: { scripts in
      files(scripts) { script in
        let kept = script.statements.filter { !$0.hasPrefix("PRAGMA") }
        return ("000\(script.number)_\(script.name).sql", kept.map { $0 + ";\n" }.joined())
      }
    })

  private static func files(
    _ scripts: [Script], _ file: (Script) -> (name: String, text: String)
  ) -> [String: String] {
    Dictionary(scripts.map { (file($0).name, file($0).text) }) { $1 }
  }

  private static func pairs(_ zeros: String, _ scripts: [Script]) -> [String: String] {
    files(scripts) { ("\(zeros)\($0.number)_\($0.name).up.sql", $0.text) }
      .merging(files(scripts) { ("\(zeros)\($0.number)_\($0.name).down.sql", Script.down) }) { $1 }
  }

  private static func marked(_ script: Script, _ word: String) -> String {
    let statements = script.statements.map { statement in
      statement.hasSuffix("END")
        ? "-- \(word) StatementBegin\n\(statement);\n-- \(word) StatementEnd\n" : statement + ";\n"
    }
    return "-- \(word) Up\n\(statements.joined())\n-- \(word) Down\n\(Script.down)"
  }
}
