internal import SQLite

/// Finds syntax errors in statements without running them, including steps that an empty database would skip.
///
/// SQLite parses a whole statement before it looks up its tables and columns, so most statements can be prepared on an
/// empty database. The exceptions are ALTER TABLE … ADD COLUMN and CREATE TRIGGER, which look up their table at once.
/// The former is rewritten, and the latter gets a substitute table or view.
struct SyntaxCheck {
  private let database: Connection

  init() throws(SQLiteError) { database = try Connection(path: "", access: .memory) }

  /// The syntax errors of all statements and queries of a migration.
  ///
  /// - Throws: `SQLiteError` if the check itself is not possible.
  func faults(of migration: Migration) throws -> [MigrationFailure] {
    let clauses = (migration.requirements + migration.expectations).map { ($0.condition, $0.line) }
    let conditions = migration.steps.flatMap { step in (step.when + step.unless).map { ($0, step.line) } }
    let statements = migration.steps.flatMap(\.statements)
    return (clauses + conditions).compactMap { fault(of: $0, $1, migration.file) }
      + (try statements.compactMap { try fault(of: $0, migration.file) })
  }

  private func fault(of condition: Condition, _ line: Int, _ file: String) -> MigrationFailure? {
    guard case .query(let sql) = condition, let error = syntaxError(in: sql) else { return nil }
    return MigrationFailure(error, file, line)
  }

  private func fault(of statement: ScriptStatement, _ file: String) throws -> MigrationFailure? {
    database.rollback()
    try database.execute("BEGIN")
    defer { database.rollback() }
    let (sql, shift) = columnAsTable(statement) ?? (statement.sql, 0)
    try standIn(for: statement).map { stub throws(SQLiteError) in try database.execute(stub) }
    guard let error = syntaxError(in: sql) else { return nil }
    let offset = error.offset.map { max(0, $0 + shift) }
    return MigrationFailure(error, file, offset.map { statement.line(at: $0) } ?? statement.line)
  }

  /// Returns only syntax errors. SQLite has one code for all errors in an SQL text, so only the message distinguishes a
  /// syntax error from a missing table.
  private func syntaxError(in sql: String) -> SQLiteError? {
    do {
      _ = try database.prepare(sql)
      return nil
    } catch {
      let message = error.message
      let isSyntax =
        message.hasSuffix("syntax error") || message == "incomplete input"
        || message.hasPrefix("unrecognized token")
      return isSyntax ? error : nil
    }
  }

  /// Rewrites `ALTER TABLE t ADD COLUMN c …` as a CREATE TABLE with that column, and returns how far the text was
  /// shifted.
  private func columnAsTable(_ statement: ScriptStatement) -> (sql: String, shift: Int)? {
    let tokens = statement.tokens
    guard tokens.first?.isKeyword("alter") == true, tokens.count > 4,
      let add = tokens.indices.dropFirst(3).prefix(3).first(where: { tokens[$0].isKeyword("add") })
    else { return nil }
    let definition = tokens[(add + 1)...].drop { $0.isKeyword("column") }
    guard let first = definition.first else { return nil }
    let start = first.range.lowerBound - tokens[0].range.lowerBound
    let opening = "CREATE TABLE t ("
    let rest = String(decoding: statement.sql.utf8.dropFirst(start), as: UTF8.self)
    return (opening + rest + ")", start - opening.utf8.count)
  }

  /// The SQL for a table or view with the name on which a trigger is created.
  private func standIn(for statement: ScriptStatement) -> String? {
    let tokens = statement.tokens
    guard tokens.prefix(3).contains(where: { $0.isKeyword("trigger") }),
      let on = tokens.firstIndex(where: { $0.isKeyword("on") }), on + 1 < tokens.count
    else { return nil }
    let isQualified = on + 3 < tokens.count && tokens[on + 2].isSymbol(".")
    let name = quoted(tokens[isQualified ? on + 3 : on + 1].name)
    let isOnView = tokens[..<on].contains { $0.isKeyword("instead") }
    return isOnView ? "CREATE VIEW \(name) AS SELECT 1" : "CREATE TABLE \(name) (a)"
  }
}
