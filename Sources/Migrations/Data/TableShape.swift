internal import SQLite

/// The columns and constraints of one table.
struct TableShape {
  /// How SQLite converts the values of a column (https://sqlite.org/datatype3.html, 3.1).
  enum Affinity: String {
    case integer = "INTEGER"
    case real = "REAL"
    case numeric = "NUMERIC"
    case text = "TEXT"
    case none = "BLOB"

    /// The affinity of a column with this type. ANY only occurs in STRICT tables, where it converts nothing.
    init(type: String, isStrict: Bool) {
      let type = type.uppercased()
      self =
        if isStrict, type == "ANY" {
          .none
        } else if type.contains("INT") {
          .integer
        } else if ["CHAR", "CLOB", "TEXT"].contains(where: type.contains) {
          .text
        } else if type.contains("BLOB") || type.isEmpty {
          .none
        } else if ["REAL", "FLOA", "DOUB"].contains(where: type.contains) {
          .real
        } else {
          .numeric
        }
    }

    /// Whether text that looks like a number becomes a number.
    var isNumeric: Bool { self == .integer || self == .real || self == .numeric }
  }

  struct Column {
    /// The name as the schema spells it.
    let name: String
    let type: String
    let affinity: Affinity
    let isNotNull: Bool
    /// The SQL of the default value; nil if it is NULL.
    let defaultValue: String?
    let isGenerated: Bool
  }

  /// A set of columns or expressions by which rows must differ.
  struct Key {
    /// The name of the index; nil for the number of the row.
    let index: String?
    /// Whether CREATE INDEX made it.
    let isOwnIndex: Bool
    /// The columns in lower case with their collations, in lower case; nil for an expression.
    let columns: [(name: String?, collation: String)]
    /// The expressions as written, for those members of `columns` that are none.
    let expressions: [String]
    /// The condition of a partial index; nil if all rows count.
    let condition: String?
  }

  /// A foreign key, in lower case.
  struct Reference: Hashable {
    let parent: String
    let columns: [String]
    /// The columns that it refers to; empty for the primary key.
    let targets: [String]
  }

  /// The table's columns in order, without hidden ones.
  private(set) var columns: [Column] = []
  private(set) var keys: [Key] = []
  private(set) var references: [Reference] = []
  /// The CHECK expressions as written.
  private(set) var checks: [String] = []
  private(set) var isStrict = false
  /// The column that is an alias of the row's number, in lower case; nil if there is none.
  private(set) var rowNumber: String?
  /// Whether rows have a number that queries can name.
  private(set) var hasRowNumber = true
  /// The primary key's columns, in lower case.
  private(set) var primaryKey: [String] = []
  /// Whether a constraint has its own conflict clause, so that a violation is no failure.
  private(set) var resolvesConflicts = false
  private(set) var isVirtual = false

  /// Reads the shape of a table; nil if there is no such table.
  init?(_ table: String, in database: Connection) throws(SQLiteError) {
    let sql = "SELECT type, wr, strict FROM pragma_table_list WHERE schema = 'main' AND lower(name) = ?"
    let kinds = try database.rows(sql, [.text(table)]) {
      (type: $0.text(0) ?? "", isWithoutRowNumber: $0.int(1) == 1, isStrict: $0.int(2) == 1)
    }
    guard let kind = kinds.first, kind.type != "view" else { return nil }
    (isStrict, isVirtual) = (kind.isStrict, kind.type != "table")
    let text = SQLText(
      try database.scalar(
        "SELECT sql FROM sqlite_schema WHERE type = 'table' AND lower(name) = ?", [.text(table)])?.text ?? "")
    let rows = try database.rows(
      "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?)", [.text(table)]
    ) { row in
      (
        name: row.text(0) ?? "", type: row.text(1) ?? "", isNotNull: row.int(2) == 1, value: row.text(3),
        key: row.int(4), hidden: row.int(5)
      )
    }
    keys = try Self.keys(of: table, in: database)
    primaryKey = rows.filter { $0.key > 0 }.sorted { $0.key < $1.key }.map { $0.name.folded }
    let hasKeyIndex = try database.scalar(
      "SELECT 1 FROM pragma_index_list(?) WHERE origin = 'pk'", [.text(table)])
    if hasKeyIndex == nil, primaryKey.count == 1, !isVirtual { rowNumber = primaryKey[0] }
    if let rowNumber {
      keys.append(
        Key(
          index: nil, isOwnIndex: false, columns: [(rowNumber, "binary")], expressions: [], condition: nil))
    }
    hasRowNumber =
      !kind.isWithoutRowNumber && !isVirtual && !rows.contains { $0.name.folded == "rowid" }
    for row in rows where row.hidden != 1 {
      // The key of a STRICT table or of one without row numbers is never NULL, though SQLite doesn't say so.
      let isKey = row.key > 0 && (kind.isStrict || kind.isWithoutRowNumber)
      let value = row.value.flatMap { $0.folded == "null" ? nil : $0 }
      columns.append(
        Column(
          name: row.name, type: row.type.uppercased(),
          affinity: Affinity(type: row.type, isStrict: kind.isStrict),
          isNotNull: (row.isNotNull || isKey) && row.name.folded != rowNumber, defaultValue: value,
          isGenerated: row.hidden > 1))
    }
    references = try Self.references(of: table, in: database)
    checks = Self.checks(text)
    resolvesConflicts = text.all.contains {
      text.isKeyword("conflict", at: $0) && text.isOne(of: ["replace", "ignore"], at: $0 + 1)
    }
  }

  /// The column with this name; nil if there is none.
  func column(_ name: String) -> Column? { columns.first { $0.name.folded == name.folded } }

  /// Whether the table has no other constraint than at most one key.
  func takesAllBut(oneKey: Bool) -> Bool {
    keys.count <= (oneKey ? 1 : 0) && checks.isEmpty && !isStrict && !columns.contains(where: \.isNotNull)
  }

  private static func keys(of table: String, in database: Connection) throws(SQLiteError) -> [Key] {
    let indexes = try database.rows(
      """
      SELECT l.name, l.origin, l.partial, s.sql FROM pragma_index_list(?) l
      LEFT JOIN sqlite_schema s ON s.type = 'index' AND s.name = l.name WHERE l."unique" ORDER BY l.seq
      """, [.text(table)]
    ) { (name: $0.text(0) ?? "", isOwn: $0.text(1) == "c", isPartial: $0.int(2) != 0, sql: $0.text(3) ?? "") }
    var keys: [Key] = []
    for index in indexes {
      let columns = try database.rows(
        "SELECT name, coll, cid FROM pragma_index_xinfo(?) WHERE key = 1 ORDER BY seqno", [.text(index.name)]
      ) { (name: $0.int(2) == -2 ? nil : $0.text(0)?.folded, collation: $0.text(1)?.folded ?? "binary") }
      let text = SQLText(index.sql)
      let open = text.all.first { text.isSymbol("(", at: $0) }
      let close = open.flatMap(text.closing)
      var expressions: [String] = []
      if let open, let close {
        expressions = zip(text.parts(open + 1..<close), columns).filter { $1.name == nil }.map { part, _ in
          let hasOrder = text.isOne(of: ["asc", "desc"], at: part.upperBound - 1)
          return text.text(part.lowerBound..<part.upperBound - (hasOrder ? 1 : 0))
        }
      }
      let condition = close.flatMap { close in
        index.isPartial ? text.text(min(close + 2, text.tokens.count)..<text.tokens.count) : nil
      }
      keys.append(
        Key(
          index: index.name, isOwnIndex: index.isOwn, columns: columns, expressions: expressions,
          condition: condition))
    }
    return keys
  }

  private static func references(
    of table: String, in database: Connection
  ) throws(SQLiteError) -> [Reference] {
    let rows = try database.rows(
      "SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?) ORDER BY id, seq",
      [.text(table)]
    ) {
      (
        id: $0.int(0), parent: $0.text(1)?.folded ?? "", column: $0.text(2)?.folded ?? "",
        target: $0.text(3)?.folded
      )
    }
    return Dictionary(grouping: rows, by: \.id).sorted { $0.key < $1.key }.map { _, rows in
      Reference(parent: rows[0].parent, columns: rows.map(\.column), targets: rows.compactMap(\.target))
    }
  }

  /// The CHECK expressions of a CREATE TABLE, those of columns and of the table.
  private static func checks(_ text: SQLText) -> [String] {
    guard let open = text.all.first(where: { text.isSymbol("(", at: $0) }),
      let close = text.closing(open)
    else { return [] }
    return text.outer(open + 1..<close).compactMap { place in
      guard text.isKeyword("check", at: place), text.isSymbol("(", at: place + 1),
        let end = text.closing(place + 1)
      else { return nil }
      return text.text(place + 2..<end)
    }
  }
}
