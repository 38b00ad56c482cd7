internal import Basics
internal import SQLite

/// Writes SQL that adds what a database lacks, as far as that is possible without changing what it has.
///
/// It is safe to create a missing table, index, trigger or view, and to add a missing column that may be NULL or has a
/// constant default. If rows of the database contradict a UNIQUE index or a CHECK, SQLite refuses it and changes
/// nothing. Everything else requires a decision about existing content, or rebuilding a table. That is the work of a
/// migration, so the script has only a comment for it.
public enum Repair {
  /// The statements, in an order in which they can run, and a comment line for each difference without a safe repair.
  ///
  /// - Parameters:
  ///   - differences: all differences of one database.
  ///   - schema: the expected schema.
  /// - Returns: statements that end with a semicolon, and lines that begin with `--`.
  public static func script(for differences: [Difference], toward schema: Schema) -> [String] {
    var script = RepairScript(schema, differences)
    for difference in differences { script.add(difference) }
    return script.statements.sorted { $0.rank < $1.rank }.map(\.sql) + script.comments
  }
}

private struct RepairScript {
  let schema: Schema
  /// The missing columns that can't be added, and those that can.
  let lost: [Schema.Object], added: [Schema.Object]
  var statements: [(rank: Int, sql: String)] = []
  var comments: [String] = []

  init(_ schema: Schema, _ differences: [Difference]) {
    self.schema = schema
    let missing = differences.filter { $0.kind == .missing(.column) }.compactMap {
      schema.object(.column, $0.object)
    }
    lost = missing.filter { ColumnText($0.sql).obstacle != nil }
    added = missing.filter { ColumnText($0.sql).obstacle == nil }
  }

  mutating func add(_ difference: Difference) {
    guard case .missing(let kind) = difference.kind,
      let object = schema.object(kind, difference.object)
    else { return comment(difference, Self.advice(difference)) }
    switch kind {
    case .table:
      statements.append((0, Self.statement(object)))
      for part in schema.all(.index) + schema.all(.trigger) where part.table == object.table {
        statements.append((part.kind == .index ? 2 : 4, Self.statement(part)))
      }
    case .column:
      if let obstacle = ColumnText(object.sql).obstacle { return comment(difference, obstacle) }
      let table = schema.object(.table, object.table)?.name ?? object.table
      statements.append((1, "ALTER TABLE \(quoted(table)) ADD COLUMN \(object.sql);"))
    case .index:
      let names = Set(SQLTokenizer(object.sql).map(\.name))
      if let column = lost.first(where: { $0.table == object.table && names.contains(columnName($0)) }) {
        return comment(difference, "column \(column.name) is missing")
      }
      statements.append((2, Self.statement(object)))
    case .view:
      statements.append((3, Self.statement(object)))
      for part in schema.all(.trigger) where part.table == object.table {
        statements.append((4, Self.statement(part)))
      }
    case .trigger: statements.append((4, Self.statement(object)))
    case .foreignKey, .unique, .check:
      if !comesWithColumn(object) { comment(difference, "the table has to be rebuilt by a migration") }
    }
  }

  /// The SQL that created an object, with a semicolon. A trailing comment is removed, since it would hide the
  /// semicolon.
  private static func statement(_ object: Schema.Object) -> String {
    let end = Array(SQLTokenizer(object.sql)).last { !$0.isSymbol(";") }?.range.upperBound ?? 0
    return String(decoding: object.sql.utf8.prefix(end), as: UTF8.self) + ";"
  }

  /// Whether a missing column's definition contains this foreign key or CHECK, so that adding the column adds it too.
  private func comesWithColumn(_ object: Schema.Object) -> Bool {
    added.contains { column in
      guard column.table == object.table else { return false }
      let text = ColumnText(column.sql)
      return object.kind == .foreignKey
        ? text.hasReference && object.name.folded == column.name.folded
        : object.kind == .check && text.checks.contains(object.definition)
    }
  }

  private func columnName(_ column: Schema.Object) -> String {
    column.name.dropFirst(column.table.count + 1).folded
  }

  private mutating func comment(_ difference: Difference, _ why: String) {
    // A name may contain a line break, which would end the comment, or control characters for a terminal.
    let line = "-- \(difference): no safe repair, \(why)"
      .split(whereSeparator: \.isNewline).joined(separator: " ")
    comments.append(line.replacingControlCharacters())
  }

  private static func advice(_ difference: Difference) -> String {
    switch (difference.kind, difference.objectKind) {
    case (.presentNotRecorded, _), (.historyGap, _): "applying the migration records it"
    case (.recordedNotPresent, _): "see what of it is listed by itself"
    case (_, nil): "it is not about the schema"
    case (_, .index?), (_, .trigger?), (_, .view?): "somebody may have made it on purpose"
    case (.unexpected, _): "taking it away could lose data"
    default: "the table has to be rebuilt by a migration"
    }
  }
}

/// Determines from a column's definition whether it can be added to a table with rows.
/// (https://sqlite.org/lang_altertable.html#altertabaddcol)
private struct ColumnText {
  let sql: String
  private let tokens: [SQLToken]
  /// The tokens after the name that are outside parentheses.
  private let outer: [SQLToken]

  init(_ sql: String) {
    self.sql = sql
    tokens = Array(SQLTokenizer(sql))
    var depth = 0
    outer = tokens.dropFirst().filter { token in
      if token.isSymbol("(") { depth += 1 }
      if token.isSymbol(")") { depth -= 1 }
      return depth == 0
    }
  }

  var hasReference: Bool { has("references") }
  var checks: [String] { TableText("CREATE TABLE t (\(sql))").checks }

  /// Why SQLite wouldn't add the column; nil if it would.
  var obstacle: String? {
    guard tokens.count > 0 else { return "its definition is not known" }
    if has("unique") || has("primary") { return "a column that is a key can't be added" }
    if has("stored") { return "a stored column can't be added" }
    let value = standard
    if has("not"), has("null"), value == nil, !has("as") {
      return "rows that are there would have no value for it"
    }
    guard let value else { return nil }
    let clock = ["current_timestamp", "current_date", "current_time"]
    if value.isSymbol("(") || clock.contains(where: { value.isKeyword($0) }) {
      return "its default is not a constant, so the table has to be rebuilt by a migration"
    }
    return hasReference ? "a reference with a default can't be added" : nil
  }

  /// The first token of the default; nil if there is none or it is NULL.
  private var standard: SQLToken? {
    guard let keyword = outer.first(where: { $0.isKeyword("default") }),
      let place = tokens.firstIndex(of: keyword), place + 1 < tokens.count
    else { return nil }
    return tokens[place + 1].isKeyword("null") ? nil : tokens[place + 1]
  }

  private func has(_ keyword: String) -> Bool { outer.contains { $0.isKeyword(keyword) } }
}
