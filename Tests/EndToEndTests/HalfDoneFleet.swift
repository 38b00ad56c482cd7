import Foundation
import SQLite
import Schema
import TestSupport
import Testing

/// Installations whose tool stopped in the third of four migrations, and has marked it in its history.
struct HalfDoneFleet: FleetFolder {
  /// A tool that marks what it has begun.
  enum Tool: String, CaseIterable, Sendable {
    case golang = "golang-migrate"
    case sqlx, flyway, prisma, atlas
  }

  /// How far the third migration got.
  enum State: CaseIterable, Sendable {
    /// Nothing of it ran.
    case before
    /// All of it ran.
    case after
    /// The first of its two statements ran.
    case between
    /// It was not begun again: nothing is marked.
    case complete
  }

  let folder: TemporaryFolder
  let tool: Tool
  let states: [State]

  static let tags = "CREATE TABLE tags (id INTEGER PRIMARY KEY, tag TEXT);"
  static let first = "CREATE TABLE items (id INTEGER PRIMARY KEY, note TEXT);"

  /// Makes the fleet: every database comes to version 3, then back to where its tool stopped.
  ///
  /// - Parameters:
  ///   - tool: whose files and history they have.
  ///   - states: one for each installation.
  ///   - third: the third migration, if it isn't the usual one.
  ///   - undo: what takes back all of `third`.
  ///   - extra: more lines of fleet.yml.
  /// - Throws: what keeps the fleet from being made.
  init(
    _ tool: Tool, _ states: [State], third: String? = nil, undo: String? = nil, extra: String = ""
  ) throws {
    folder = try TemporaryFolder()
    (self.tool, self.states) = (tool, states)
    try configure(extra)
    try write([
      Self.first, "ALTER TABLE items ADD COLUMN price INTEGER;",
      third ?? "\(Self.tags)\nALTER TABLE items ADD COLUMN age INTEGER;",
    ])
    for number in states.indices {
      let mode = number % 2 == 0 ? "DELETE" : "WAL"
      try folder.database(
        "db/i\(number).sqlite", "PRAGMA journal_mode=\(mode); CREATE TABLE a (b); DROP TABLE a;")
    }
    let made = try run("migrate", "--yes")
    try #require(made.status == 0, "\(made.output)\(made.errors)")
    try FileManager.default.removeItem(atPath: folder.file(".flotilla"))
    for (number, state) in states.enumerated() {
      try change(number, "INSERT INTO items (note) VALUES ('one'), ('two');")
      switch state {
      case .before: try change(number, undo ?? "DROP TABLE tags; ALTER TABLE items DROP COLUMN age;")
      case .between: try change(number, "ALTER TABLE items DROP COLUMN age;")
      case .after, .complete: break
      }
      if state != .complete { try change(number, mark) }
    }
    try add("CREATE TABLE last (id INTEGER PRIMARY KEY);")
  }

  func configure(_ extra: String, installations: String = "  - { files: db/*.sqlite }") throws {
    try folder.write(
      """
      fleet: half
      migrations: { path: migrations, format: \(tool.rawValue) }
      installations:
      \(installations)
      \(extra)

      """, to: "fleet.yml")
  }

  // MARK: Files

  /// The version of the migration with this number, as its tool has it.
  func version(_ number: Int) -> String {
    switch tool {
    case .golang, .sqlx, .flyway: "\(number)"
    case .prisma: "2024010100000\(number)_step"
    case .atlas: "2024010100000\(number)"
    }
  }

  private func file(_ number: Int) -> String {
    switch tool {
    case .golang: "00000\(number)_step.up.sql"
    case .sqlx: "000\(number)_step.sql"
    case .flyway: "V\(number)__step.sql"
    case .prisma: "\(version(number))/migration.sql"
    case .atlas: "\(version(number))_step.sql"
    }
  }

  private func write(_ migrations: [String]) throws {
    for (place, sql) in migrations.enumerated() { try folder.write(sql, to: "migrations/\(file(place + 1))") }
    if tool == .golang { try folder.write("DROP TABLE items;", to: "migrations/000001_step.down.sql") }
    guard tool == .atlas else { return }
    let digest = { (text: String) in Data(Fingerprint(of: text.utf8).bytes).base64EncodedString() }
    var all = ""
    let sums = migrations.enumerated().map { place, sql in
      all += file(place + 1) + sql
      return (file: file(place + 1), sum: digest(all))
    }
    let lines =
      ["h1:\(digest(sums.map { $0.file + $0.sum }.joined()))"] + sums.map { "\($0.file) h1:\($0.sum)" }
    try folder.write(lines.joined(separator: "\n") + "\n", to: "migrations/atlas.sum")
  }

  /// Writes the fourth migration.
  private func add(_ sql: String) throws {
    let texts = try (1...3).map {
      try String(contentsOfFile: folder.file("migrations/\(file($0))"), encoding: .utf8)
    }
    try write(texts + [sql])
  }

  // MARK: Histories

  /// What the tool leaves in its table when it stops in the third migration.
  private var mark: String {
    switch tool {
    case .golang: "UPDATE schema_migrations SET dirty = 1"
    case .sqlx: "UPDATE _sqlx_migrations SET success = 0, execution_time = -1 WHERE version = 3"
    case .flyway: "UPDATE flyway_schema_history SET success = 0 WHERE version = '3'"
    case .prisma:
      """
      UPDATE _prisma_migrations SET finished_at = NULL, applied_steps_count = 0, logs = 'failed'
      WHERE migration_name = '\(version(3))'
      """
    case .atlas:
      """
      UPDATE atlas_schema_revisions SET applied = 1, total = 2, error = 'no', error_stmt = 'ALTER'
      WHERE version = '\(version(3))'
      """
    }
  }

  /// The rows of the table as the tool judges them: each version, and whether it counts as applied.
  func rows(_ number: Int) throws -> [String] {
    let (table, columns) =
      switch tool {
      case .golang: ("schema_migrations", "version || ' ' || NOT dirty")
      case .sqlx: ("_sqlx_migrations", "version || ' ' || success")
      case .flyway: ("flyway_schema_history", "version || ' ' || success")
      case .prisma:
        (
          "_prisma_migrations",
          "migration_name || ' ' || CASE WHEN rolled_back_at > finished_at THEN 'both' "
            + "WHEN rolled_back_at THEN 'back' ELSE finished_at IS NOT NULL END"
        )
      case .atlas: ("atlas_schema_revisions", "version || ' ' || (applied = total AND error = '')")
      }
    let database = try Connection(path: path(number), access: .readWrite)
    defer { database.close() }
    return try database.rows("SELECT \(columns) FROM \(table) ORDER BY 1") { $0.text(0) ?? "" }
  }

  /// What `rows` is if exactly these migrations were applied, and the third one was begun otherwise.
  func applied(_ last: Int) -> [String] {
    if tool == .golang { return ["\(last) 1"] }
    let rows = (1...last).map { "\(version($0)) 1" }
    return last == 2 && tool == .prisma ? rows + ["\(version(3)) back"] : rows
  }

  // MARK: Installations

  func path(_ number: Int) -> String { folder.file("db/i\(number).sqlite") }

  func change(_ number: Int, _ sql: String) throws {
    let database = try Connection(path: path(number), access: .readWrite)
    defer { database.close() }
    try database.executeScript(sql)
  }

  func bytes(_ number: Int) throws -> [UInt8] { try Content.bytes(path(number)) }

}
