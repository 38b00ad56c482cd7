internal import SQLite

/// The rules for which statements a migration may contain.
struct StatementRules {
  let file: String
  /// Whether the file was written for another tool.
  let isForeign: Bool

  private static let transactions: Set = ["begin", "commit", "end", "rollback", "savepoint", "release"]
  private static let pragmas: Set = [
    "user_version", "application_id", "table_info", "table_xinfo", "table_list", "index_list", "index_info",
    "index_xinfo", "foreign_key_list", "foreign_key_check", "integrity_check", "quick_check",
  ]
  private static let alone: Set = ["vacuum", "analyze", "reindex", "pragma"]
  /// Pragmas that change how the whole file is written.
  private static let lasting: Set = ["journal_mode", "auto_vacuum", "encoding", "page_size"]
  private static let pragmasAlone: Set = ["auto_vacuum", "page_size", "incremental_vacuum", "optimize"]

  /// Whether SQLite can't run a statement in a transaction.
  static func mustRunAlone(_ statement: ScriptStatement) -> Bool {
    guard let first = statement.tokens.first else { return false }
    if first.isKeyword("vacuum") { return true }
    return first.isKeyword("pragma") && pragmaName(statement.tokens).map(pragmasAlone.contains) ?? false
  }

  /// Whether a statement changes what ALTER TABLE RENAME does to other tables, views and triggers.
  static func changesRenaming(_ statement: ScriptStatement) -> Bool {
    statement.tokens.first?.isKeyword("pragma") == true
      && pragmaName(statement.tokens) == "legacy_alter_table"
  }

  /// The name of the pragma that a statement reads or sets, in lower case.
  static func pragmaName(_ tokens: [SQLToken]) -> String? {
    let names = tokens.dropFirst().filter(\.isName).map { $0.text.folded }
    return tokens.count > 2 && tokens[2].isSymbol(".") ? names.dropFirst().first : names.first
  }

  /// All violations of the rules in a migration.
  func faults(of migration: Migration) -> [MigrationError] {
    let statements = migration.steps.flatMap(\.statements)
    var faults = statements.compactMap { statement in
      fault(of: statement, alone: migration.runsOutsideTransaction).map { error(statement.line, $0) }
    }
    guard migration.runsOutsideTransaction else { return faults }
    if migration.version == nil {
      faults.append(error(nil, "the baseline runs in the transaction of the migrations after it"))
    } else if let extra = statements.dropFirst().first {
      faults.append(
        error(extra.line, "a migration with '@transaction none' holds one statement, alone in its file"))
    }
    return faults
  }

  private func error(_ line: Int?, _ message: String) -> MigrationError {
    MigrationError(.forbidden, file: file, line: line, message)
  }

  private func fault(of statement: ScriptStatement, alone: Bool) -> String? {
    guard let first = statement.tokens.first, first.kind == .word else { return nil }
    let word = first.text.folded
    let fault: String? =
      switch word {
      case let word where Self.transactions.contains(word):
        "\(word.uppercased()) is not for migrations: all pending ones run in one transaction"
      case "attach", "detach": "\(word.uppercased()) is not for migrations: they see one database"
      case "vacuum" where !alone:
        "VACUUM can't run in a transaction: put '-- @transaction none' into this file"
      case "vacuum" where statement.tokens.contains { $0.isKeyword("into") }:
        "VACUUM INTO is not for migrations: it writes another file"
      case "pragma": pragmaFault(statement.tokens, alone: alone)
      case "explain": "EXPLAIN has no effect in a migration"
      case let word where alone && !Self.alone.contains(word):
        "'@transaction none' is for VACUUM, ANALYZE, REINDEX and PRAGMA, which may run twice after a crash"
      default: nil
      }
    let hasParameter = statement.tokens.contains { $0.kind == .parameter }
    return fault ?? (hasParameter ? "a migration takes no parameters" : nil)
  }

  private func pragmaFault(_ tokens: [SQLToken], alone: Bool) -> String? {
    guard let name = Self.pragmaName(tokens) else { return nil }
    if Self.pragmas.contains(name) || (alone && Self.pragmasAlone.contains(name)) { return nil }
    if isForeign, name == "legacy_alter_table" { return nil }
    return name == "foreign_keys"
      ? "PRAGMA foreign_keys does nothing in a transaction; foreign keys are off while migrations run, and checked"
      : Self.lasting.contains(name)
        ? "PRAGMA \(name) is not for migrations, as it changes the whole file: set it when a database is created, and "
          + "remove the line"
        : "PRAGMA \(name) is not for migrations"
  }
}
