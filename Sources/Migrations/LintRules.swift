internal import SQLite

/// Finds statements of a migration that run on an empty database, but may fail, lose rows or do nothing on a full one.
struct LintRules {
  private let migration: Migration
  /// The names of the schema objects that exist before the migration, in lower case.
  private let known: Set<String>
  /// The names that earlier migrations give to tables, even in steps that an empty database skips.
  private let tables: Set<String>
  private let database: Connection
  private let statements: [ClassifiedStatement]
  private let fates: TableEffects

  /// Prepares the rules for one migration.
  ///
  /// - Parameters:
  ///   - migration: the migration to check.
  ///   - tables: the names that earlier migrations give to tables, in lower case.
  ///   - database: an empty database that has the schema before the migration, in a transaction.
  /// - Throws: `SQLiteError`.
  init(_ migration: Migration, after tables: Set<String>, in database: Connection) throws(SQLiteError) {
    self.migration = migration
    self.tables = tables
    self.database = database
    known = Set(try database.rows("SELECT name FROM sqlite_schema") { $0.text(0)?.folded ?? "" })
    statements = migration.steps.flatMap(\.statements).map(ClassifiedStatement.init)
    fates = TableEffects(statements)
  }

  /// The names that this migration gives to tables.
  var given: Set<String> { fates.given }

  func findings() throws -> [Finding] {
    guard !statements.isEmpty else {
      guard !migration.allowsEmpty else { return [] }
      return [
        warning(
          nil,
          "it holds no statement, and would be recorded without having done anything: "
            + "if that is meant, add '-- @allow empty'")
      ]
    }
    return try statements.enumerated().compactMap { place, shape in
      try message(shape, at: place).map { warning(shape.statement.line, $0) }
    }
  }

  private func warning(_ line: Int?, _ message: String) -> Finding {
    Finding(.warning, migration.file, line, message)
  }

  private func message(_ shape: ClassifiedStatement, at place: Int) throws -> String? {
    switch shape.kind {
    case .delete(let table), .drop(let table):
      guard let lost = fates.loss(from: table, at: place, shape.kind), !migration.deletes.contains(lost)
      else { return nil }
      if shape.isConditionalDrop, !known.contains(lost), !tables.contains(lost) { return nil }
      return "rows of \(lost) go here, and where there are any the migration is rolled back: "
        + "if they may go, add '-- @deletes \(lost)'"
    case .addColumn(let table) where !fates.isMade(table, before: place):
      guard let error = try Self.troubleWithRows(shape.statement, table) else { return nil }
      return
        "fails where \(table) has rows (\(error.message)): give the column a constant default, or rebuild the table"
    case .uniqueIndex(let index, let table)
    where !fates.isMade(table, before: place) && !known.contains(index):
      guard !isRequired(of: table), try !UniqueKeys(statements, in: database).imply(place) else { return nil }
      return "fails where rows of \(table) have the same values: ask for that first, with "
        + "'-- @require query SELECT … : what to do about it'"
    case .read:
      return
        "does nothing, as nobody sees what it reads: a check is written '-- @require query …' or '-- @expect query …'"
    default: return nil
    }
  }

  /// Whether a required query reads the table before anything runs.
  private func isRequired(of table: String) -> Bool {
    migration.requirements.contains { clause in
      guard case .query(let sql) = clause.condition else { return false }
      return SQLTokenizer(sql).contains { $0.name == table }
    }
  }

  /// The error of a statement that succeeds on an empty table of that name but fails if the table has a row; nil if
  /// there is none.
  private static func troubleWithRows(_ statement: ScriptStatement, _ table: String) throws
    -> SQLiteError?
  {
    func attempt(_ row: String?) throws -> SQLiteError? {
      let database = try Connection(path: "", access: .memory)
      try database.execute("CREATE TABLE \(quoted(table)) (\"a column of its own\")")
      if let row { try database.execute(row) }
      do throws(SQLiteError) {
        try database.execute(statement.sql)
        return nil
      } catch {
        return error
      }
    }
    guard try attempt(nil) == nil else { return nil }
    return try attempt("INSERT INTO \(quoted(table)) DEFAULT VALUES")
  }
}
