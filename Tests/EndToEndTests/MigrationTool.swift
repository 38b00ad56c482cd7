import Foundation
import TestSupport
import Testing

/// One migration of the application that the fleets of other tools have.
struct Script: Sendable {
  /// Its place among the application's migrations, from 1 on.
  let number: Int
  let name: String
  let statements: [String]

  /// The statements as a text, each with its semicolon.
  var text: String { statements.map { $0 + ";\n" }.joined() }

  /// What undoes a migration here. No test expects this table.
  static let down = "CREATE TABLE down_ran (a);\n"

  /// Four migrations that Flotilla applies, and a fifth for the tool.
  static let all: [Script] = [
    Script(
      number: 1, name: "create_users",
      statements: ["CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL)"]),
    Script(
      number: 2, name: "create_posts",
      statements: [
        """
        CREATE TABLE posts (
          id INTEGER PRIMARY KEY, author INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE, title TEXT)
        """,
        "CREATE INDEX posts_author ON posts (author)",
      ]),
    Script(
      number: 3, name: "add_email",
      statements: [
        "PRAGMA foreign_keys = OFF",
        "CREATE TABLE new_users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT)",
        "INSERT INTO new_users (id, name) SELECT id, name FROM users", "DROP TABLE users",
        "ALTER TABLE new_users RENAME TO users",
        "CREATE TRIGGER users_gone AFTER DELETE ON users BEGIN\n  DELETE FROM posts WHERE author = old.id;\nEND",
        "PRAGMA foreign_keys = ON",
      ]),
    Script(
      number: 4, name: "add_views",
      statements: [
        "ALTER TABLE posts ADD COLUMN views INTEGER NOT NULL DEFAULT 0",
        "UPDATE users SET email = 'user' || id || '@example.org' WHERE email IS NULL",
        "CREATE VIEW popular AS SELECT title FROM posts WHERE views > 10",
      ]),
    Script(
      number: 5, name: "create_tags",
      statements: ["CREATE TABLE tags (id INTEGER PRIMARY KEY, tag TEXT NOT NULL UNIQUE)"]),
  ]
}

/// A migration tool: how its folder is laid out, and the tool itself, or the writer that stands for it.
struct MigrationTool: Sendable, CustomTestStringConvertible {
  /// What the tests call it.
  let name: String
  /// The format in fleet.yml.
  let format: String
  /// More lines below `migrations:` in fleet.yml.
  var settings = ""
  /// The history table; nil if there is none.
  var table: String?
  /// Whether the tool makes a database without a migration.
  var begins = true
  /// Lays out a folder.
  let files: @Sendable ([Script]) -> [String: String]
  /// The commands that apply the migrations of a folder and tell how many are pending; nil for the writer.
  var program: (any Sendable & ToolProgram)?

  var testDescription: String { name }

  /// Applies all migrations of a folder, or the first ones, as the tool does.
  func up(_ database: String, _ folder: String, count: Int? = nil) throws {
    if let program { return try program.up(database, folder) }
    try Self.write([name, "up", database, folder] + (count.map { ["\($0)"] } ?? []))
  }

  /// How many migrations the tool takes for pending.
  func pending(_ database: String, _ folder: String) throws -> Int {
    if let program { return try program.pending(database, folder) }
    return try #require(
      Int(Self.write([name, "status", database, folder]).trimmingCharacters(in: .whitespacesAndNewlines)))
  }

  /// Brings what the folder has besides the migrations in step with them.
  func finish(_ folder: String) throws {
    if name == "atlas" { try Self.write([name, "hash", folder]) }
  }

  @discardableResult
  private static func write(_ arguments: [String]) throws -> String {
    try Prerequisite.python.require()
    return try Tool.output(
      of: ["python3", "-B", "\(Repository.root)/Tests/EndToEndTests/Fixtures/tools.py"] + arguments)
  }
}

/// The commands of a tool that is installed.
protocol ToolProgram {
  func up(_ database: String, _ folder: String) throws
  func pending(_ database: String, _ folder: String) throws -> Int
}

struct Dbmate: ToolProgram {
  private func run(_ command: String..., database: String, folder: String) throws -> String {
    try Prerequisite.tools.require()
    return try Tool.output(
      of: ["\(Repository.packages)/bin/dbmate", "-u", "sqlite:\(database)", "-d", folder, "--no-dump-schema"]
        + command)
  }

  func up(_ database: String, _ folder: String) throws {
    _ = try run("up", "--strict", database: database, folder: folder)
  }

  func pending(_ database: String, _ folder: String) throws -> Int {
    let output = try run("status", database: database, folder: folder)
    return try #require(output.firstMatch(of: /Pending: (\d+)/).flatMap { Int($0.1) })
  }
}

struct Yoyo: ToolProgram {
  private func run(_ command: String, database: String, folder: String) throws -> String {
    try Prerequisite.tools.require()
    let result = try Tool.run(
      [
        "python3", "-B", "-m", "yoyo", command, "--batch", "--no-config-file", "-d", "sqlite:///\(database)",
        folder,
      ],
      environment: ["PYTHONPATH": Repository.packages])
    guard result.status == 0 else { throw SupportError("yoyo \(command): \(result.output)\(result.errors)") }
    return result.output
  }

  func up(_ database: String, _ folder: String) throws {
    _ = try run("apply", database: database, folder: folder)
  }

  func pending(_ database: String, _ folder: String) throws -> Int {
    try run("list", database: database, folder: folder).split(separator: "\n").count { $0.hasPrefix("U ") }
  }
}

struct SQLMigrate: ToolProgram {
  private func run(_ command: String, database: String, folder: String) throws -> String {
    try Prerequisite.sqlMigrate.require()
    let settings = try TemporaryFolder()
    let file = try settings.write(
      "development: { dialect: sqlite3, datasource: \"\(database)\", dir: \"\(folder)\" }\n",
      to: "dbconfig.yml")
    return try Tool.output(of: ["sql-migrate", command, "-config=\(file)"])
  }

  func up(_ database: String, _ folder: String) throws {
    _ = try run("up", database: database, folder: folder)
  }

  func pending(_ database: String, _ folder: String) throws -> Int {
    try run("status", database: database, folder: folder).split(separator: "\n").count {
      $0.contains("| no ")
    }
  }
}
