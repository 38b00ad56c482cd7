import Foundation
import Migrations
import SQLite
import Schema
import TestSupport
import Testing
import Upgrade

/// Installations of Ownprem, judged by Ownprem's migrations.
final class OwnpremBench {
  let folder: TemporaryFolder
  let path: String

  /// An installation that was migrated, with one change.
  init(_ change: (String) throws -> String = { $0 }, settings: String = "") throws {
    folder = try TemporaryFolder()
    path = try folder.database("db.sqlite", settings + change(try Self.migrated.get()))
  }

  /// A fixture as it is.
  init(fixture: String) throws {
    folder = try TemporaryFolder()
    path = try folder.fixture(fixture, as: "db.sqlite")
  }

  static func worker(_ set: (inout UpgradeOptions) -> Void = { _ in }) throws -> LocalWorker {
    let inventory = Repository.root + "/inventory/ownprem"
    let migrations = try MigrationSet.load(
      folder: inventory + "/migrations", baseline: inventory + "/baseline.sql",
      schema: inventory + "/schema.sql")
    var options = UpgradeOptions()
    options.ignored = [IgnoreRule("table store_*")].compactMap { $0 }
    set(&options)
    return LocalWorker(migrations, ExpectedSchema(migrations, ignoring: options.ignored), options)
  }

  /// One worker for all that need no options of their own, so that the migrations are replayed once.
  static let shared = Result { try worker() }

  /// `kind object` of everything that is reported.
  func findings(_ set: ((inout UpgradeOptions) -> Void)? = nil) throws -> [String] {
    try differences(set).map { "\($0.kind) \($0.object)" }
  }

  func differences(_ set: ((inout UpgradeOptions) -> Void)? = nil) throws -> [Difference] {
    let outcome = try (set.map { try Self.worker($0) } ?? Self.shared.get()).inspect(path)
    if let failure = outcome.failure, failure.code != .ahead { throw failure }
    return outcome.drift
  }

  /// The statements that make an installation which was upgraded from today's schema.
  static let migrated = Result {
    let bench = try OwnpremBench(fixture: "epoch-15")
    let outcome = try worker().upgrade(bench.path, backup: bench.folder.file("backup.sqlite"))
    if let failure = outcome.failure { throw failure }
    return try script(bench.path)
  }

  /// The schema of a database, and what it records, as SQL.
  private static func script(_ path: String) throws -> String {
    let database = try Connection(path: path, access: .readOnly)
    defer { database.close() }
    let statements = try database.rows(
      "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' ORDER BY rowid"
    ) { ($0.text(0) ?? "") + ";" }
    let records = try database.rows(
      """
      SELECT printf('INSERT INTO schema_migrations VALUES (%d, %Q, %Q);', version, name, applied_at)
      FROM schema_migrations ORDER BY version
      """
    ) { $0.text(0) ?? "" }
    return (statements + records).joined(separator: "\n")
  }
}

/// One change of an installation's statements: texts that are replaced where they stand in the statement of one
/// object, and statements at the end.
struct Alteration: CustomTestStringConvertible, Sendable {
  let findings: [String]
  let object: String
  let texts: [(String, String)]
  let more: String

  /// Replaces a text in the CREATE statement of `object`.
  init(_ findings: String..., in object: String, _ text: String, _ other: String) {
    self.init(findings, object, [(text, other)], "")
  }

  /// Runs statements at the end.
  init(_ findings: String..., more: String) { self.init(findings, "", [], more) }

  /// A change that means nothing.
  init(harmless object: String, _ texts: [(String, String)] = [], more: String = "") {
    self.init([], object, texts, more)
  }

  private init(_ findings: [String], _ object: String, _ texts: [(String, String)], _ more: String) {
    self.findings = findings
    self.object = object
    self.texts = texts
    self.more = more
  }

  var testDescription: String { "\(object) \(texts.map { "\($0) → \($1)" }.joined(separator: ", "))\(more)" }

  func apply(_ script: String) throws -> String {
    guard !texts.isEmpty else { return script + "\n" + more }
    let names = ["TABLE \(object) (", "TABLE \"\(object)\" (", "INDEX \(object) ON"]
    guard let start = names.lazy.compactMap({ script.range(of: $0) }).first?.lowerBound,
      let end = script.range(of: ";", range: start..<script.endIndex)?.lowerBound
    else { throw SupportError("no statement makes \(object)") }
    var statement = String(script[start..<end])
    for (text, other) in texts {
      guard let range = statement.range(of: text) else {
        throw SupportError("\(text) doesn't stand in \(statement)")
      }
      statement.replaceSubrange(range, with: other)
    }
    return script.replacingCharacters(in: start..<end, with: statement) + "\n" + more
  }
}
