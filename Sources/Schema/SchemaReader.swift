internal import Crypto
public import SQLite

extension Schema {
  /// Reads the schema of an open database, in the connection's current transaction.
  ///
  /// - Parameters:
  ///   - database: any open database.
  ///   - ignored: rules for the objects to leave out.
  /// - Throws: `SQLiteError`.
  public init(reading database: Connection, ignoring ignored: [IgnoreRule] = []) throws(SQLiteError) {
    var reader = SchemaReader(database: database)
    try reader.read()
    let kept = reader.objects.filter { object in !ignored.contains { $0.covers(object) } }
    let tables = Set(kept.map(\.table))
    // If a rule leaves out a whole table, its objects are left out with it, and not counted separately.
    let wholes = Set(kept.lazy.filter { $0.kind == .table || $0.kind == .view }.map(\.table))
    let ignored =
      !ignored.contains(where: \.isCounted)
      ? 0
      : reader.objects.count { object in
        guard ignored.contains(where: { $0.isCounted && $0.covers(object) }) else { return false }
        return object.kind == .table || object.kind == .view || wholes.contains(object.table)
      }
    self.init(
      kept, links: reader.links.filter { tables.contains($0.child) },
      layouts: reader.layouts,
      attachments: reader.objects.filter { $0.kind == .index || $0.kind == .trigger }.map {
        Attachment(kind: $0.kind, name: $0.name.folded, table: $0.table)
      }, ignored: ignored)
  }

  /// The digest of the schema's stored text. An equal digest means that the same schema was read before.
  public static func rawDigest(of database: Connection) throws(SQLiteError) -> Fingerprint {
    var digest = TextDigest()
    let sql = "SELECT type, name, tbl_name, sql FROM sqlite_schema"
    _ = try database.rows(sql, atMost: .schema) { row in
      for column in 0..<4 { row.withText(column) { digest.add($0) } }
    }
    return digest.finish()
  }

  /// Computes the digest of `rawDigest` from type, name, table and SQL of each row of sqlite_schema, in the order of
  /// the rows.
  public struct TextDigest {
    private var hash = SHA256()
    /// The bytes that aren't hashed yet. Hashing many short texts individually takes longer.
    private var bytes: [UInt8] = []

    /// Creates a digest without any rows.
    public init() { bytes.reserveCapacity(16384) }

    /// Adds the next column. NULL is added as an empty text.
    public mutating func add(_ text: UnsafeRawBufferPointer) {
      bytes.append(contentsOf: text)
      bytes.append(0)
      guard bytes.count > 65536 else { return }
      hash.update(data: bytes)
      bytes.removeAll(keepingCapacity: true)
    }

    /// Returns the digest of everything that was added.
    public func finish() -> Fingerprint {
      var hash = hash
      hash.update(data: bytes)
      return Fingerprint(Array(hash.finalize()))
    }
  }
}

/// Reads one schema: from SQLite's PRAGMA functions as far as possible, and otherwise from the stored SQL.
private struct SchemaReader {
  let database: Connection
  var objects: [Schema.Object] = []
  var links: Set<Schema.Link> = []
  /// The columns of each table in their order, all in lower case.
  var layouts: [String: [String]] = [:]
  /// The parsed SQL of each table, by its name in lower case.
  private var texts: [String: TableText] = [:]
  /// The names that have been given to foreign keys so far.
  private var foreignKeyNames: Set<String> = []

  init(database: Connection) { self.database = database }

  mutating func read() throws(SQLiteError) {
    // Shadow tables depend on their virtual tables, and both are SQLite's business. The list is read separately,
    // because in a join SQLite would compute it again for each row of the schema.
    let listed = try database.rows(
      "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main'", atMost: .names
    ) { row in
      (name: row.text(0) ?? "", type: row.text(1), withoutRowID: row.int(2) == 1, strict: row.int(3) == 1)
    }
    let tables = Dictionary(listed.map { ($0.name, $0) }) { first, _ in first }
    let sql = """
      SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
      """
    let rows = try database.rows(sql, atMost: .schema) { row in (0..<4).map { row.text($0) ?? "" } }
    for row in rows { try check(name: row[1]) }
    for row in rows where row[0] == "table" && tables[row[1]]?.type == "table" {
      texts[row[1].folded] = TableText(row[3])
    }
    for row in rows {
      let kind = tables[row[1]]
      switch (row[0], kind?.type) {
      case ("table", "shadow"): break
      case ("table", "virtual"):
        layouts[row[1].folded] = []
        add(.table, row[1], row[1], text(row[3]), sql: row[3])
      case ("table", _):
        try table(row[1], row[3], withoutRowID: kind?.withoutRowID == true, strict: kind?.strict == true)
      case ("index", _): try index(row[1], row[2], row[3])
      case ("trigger", _): add(.trigger, row[1], row[2], trigger(row[3]), sql: row[3])
      case ("view", _): add(.view, row[1], row[1], text(row[3]), sql: row[3])
      default: break
      }
    }
  }

  /// Checks the length of a name, because names occur in messages and reports.
  private func check(name: String) throws(SQLiteError) {
    let (count, limit) = (name.utf8.count, ReadLimit.names.text)
    guard count > limit else { return }
    throw SQLiteError(
      code: .tooBig,
      message: "the schema holds a name of \(count) bytes, where the longest that is read has \(limit)")
  }

  private mutating func add(
    _ kind: Schema.Kind, _ name: String, _ table: String, _ definition: String, sql: String = "",
    attributes: [String?] = []
  ) {
    objects.append(
      Schema.Object(
        kind: kind, name: name, table: table.folded, definition: definition, attributes: attributes, sql: sql)
    )
  }

  /// The whole statement without the schema's name, which can only be `main`.
  private func text(_ sql: String) -> String { plain(Array(SQLTokenizer(sql))).joined(separator: " ") }

  private func plain(_ tokens: [SQLToken]) -> [String] {
    let isBefore = { (token: SQLToken) in ["on", "from", "join"].contains { token.isKeyword($0) } }
    var words: [String] = []
    for (place, token) in tokens.enumerated() {
      let isQualifier = { (at: Int) in
        at > 0 && at + 1 < tokens.count && tokens[at].isName && tokens[at].name == "main"
          && tokens[at + 1].isSymbol(".") && isBefore(tokens[at - 1])
      }
      if !isQualifier(place), !isQualifier(place - 1) { words.append(token.normal) }
    }
    return words
  }

  /// A trigger in normal form: BEFORE is added if it has no time, and FOR EACH ROW is removed, as SQLite assumes both.
  /// (https://sqlite.org/lang_createtrigger.html)
  private func trigger(_ sql: String) -> String {
    let tokens = Array(SQLTokenizer(sql))
    var words = plain(tokens)
    if tokens.count > 3, ["delete", "insert", "update"].contains(where: { tokens[3].isKeyword($0) }) {
      words.insert("before", at: 3)
    }
    let head = words.prefix { $0 != "begin" && $0 != "when" }
    if let place = head.indices.first(where: { words[$0...].starts(with: ["for", "each", "row"]) }) {
      words.removeSubrange(place..<place + 3)
    }
    return words.joined(separator: " ")
  }

  private mutating func table(
    _ name: String, _ sql: String, withoutRowID: Bool, strict: Bool
  ) throws(SQLiteError) {
    let text = texts[name.folded] ?? TableText("")
    let columns = try database.rows(
      "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?)", [.text(name)],
      atMost: .schema
    ) { row in (0..<6).map { row.text($0) } }
    let indexes = try database.rows(
      "SELECT name, origin FROM pragma_index_list(?) WHERE origin != 'c'", [.text(name)]
    ) { (name: $0.text(0) ?? "", isKey: $0.text(1) == "pk") }
    let keyIndex = indexes.first { $0.isKey }?.name
    for column in columns { try check(name: column[0] ?? "") }
    layouts[name.folded] = columns.compactMap { $0[0]?.folded }
    for column in columns {
      let own = text.columns[column[0]?.folded ?? ""] ?? .init()
      let isRowID = column[4] != "0" && keyIndex == nil
      let attributes = attributes(column, own, isRowID: isRowID)
      add(
        .column, "\(name).\(column[0] ?? "")", name, Attribute.column(attributes), sql: own.sql,
        attributes: attributes)
    }
    // A primary key without an index is an alias of the rowid.
    let key =
      try keyIndex.map { index throws(SQLiteError) in try keyColumns(index, of: name).map(\.text) }
      ?? columns.filter { $0[4] != "0" }.compactMap { $0[0]?.folded }
    var options: [String] = []
    let keyText =
      key.isEmpty
      ? nil : "PRIMARY KEY (\(key.joined(separator: ", ")))" + (text.keyConflict.map { " \($0)" } ?? "")
    if text.hasAutoincrement { options.append("AUTOINCREMENT") }
    if withoutRowID { options.append("WITHOUT ROWID") }
    if strict { options.append("STRICT") }
    let attributes = [keyText, options.isEmpty ? nil : options.joined(separator: ", ")]
    add(
      .table, name, name, attributes.compactMap(\.self).joined(separator: ", "), sql: sql,
      attributes: attributes)
    for check in Set(text.checks) { add(.check, "\(name) (\(check))", name, check) }
    try foreignKeys(name, text)
    for index in indexes where !index.isKey { try unique(index.name, of: name, text) }
  }

  /// A column's attributes, in the order of `Attribute.of(.column)`.
  private func attributes(_ column: [String?], _ own: TableText.Column, isRowID: Bool) -> [String?] {
    let type = column[1].flatMap { type in
      type.isEmpty ? nil : SQLTokenizer(type).map { $0.text.uppercased() }.joined(separator: " ")
    }
    // A rowid is never NULL, even if its column permits it.
    let notNull = column[2] == "1" && !isRowID ? "NOT NULL" + (own.conflict.map { " \($0)" } ?? "") : nil
    let collation = own.collation == "binary" ? nil : own.collation
    return [type, notNull, column[3].flatMap(defaultValue), collation, own.generated]
  }

  /// A default in normal form; nil for NULL, which is the same as no default. SQLite treats a name as a string here.
  private func defaultValue(_ sql: String) -> String? {
    let tokens = Array(SQLTokenizer(sql))
    let constants = ["current_timestamp", "current_date", "current_time"]
    switch tokens.first?.kind {
    case .word? where tokens.count == 1 && tokens[0].isKeyword("null"): return nil
    case .word? where tokens.count == 1 && tokens[0].isKeyword("true"): return "1"
    case .word? where tokens.count == 1 && tokens[0].isKeyword("false"): return "0"
    case .word? where tokens.count == 1 && constants.contains { tokens[0].isKeyword($0) }:
      return tokens[0].normal
    case .word? where tokens.count == 1, .quotedName? where tokens.count == 1:
      let text = tokens[0].text.split(separator: "'", omittingEmptySubsequences: false)
      return "'\(text.joined(separator: "''"))'"
    default: return TableText.normal(tokens.first?.isSymbol("+") == true ? Array(tokens.dropFirst()) : tokens)
    }
  }

  private mutating func foreignKeys(_ table: String, _ text: TableText) throws(SQLiteError) {
    let rows = try database.rows(
      """
      SELECT id, "table", lower(group_concat("from", ', ')), lower(group_concat("to", ', ')), on_update, on_delete
      FROM (SELECT * FROM pragma_foreign_key_list(?) ORDER BY id, seq) GROUP BY id ORDER BY 3, 2, 4
      """, [.text(table)]
    ) { row in (0..<6).map { row.text($0) ?? "" } }
    for row in rows {
      let parent = row[1].folded
      links.insert(Schema.Link(child: table.folded, parent: parent))
      let to = row[3].isEmpty ? try primaryKey(parent) : row[3]
      var definition = "REFERENCES \(parent) (\(to))"
      if row[5] != "NO ACTION" { definition += " ON DELETE \(row[5])" }
      if row[4] != "NO ACTION" { definition += " ON UPDATE \(row[4])" }
      let columns = row[2].split(separator: ", ").joined(separator: ",")
      if let deferral = text.deferrals[columns] { definition += " \(deferral)" }
      let name = columns.contains(",") ? "\(table).(\(row[2]))" : "\(table).\(row[2])"
      let ownName = foreignKeyNames.contains(name) ? "\(name) to \(parent)" : name
      foreignKeyNames.insert(ownName)
      add(.foreignKey, ownName, table, definition)
    }
  }

  /// The columns of a table's primary key, to which a foreign key refers if it names no columns.
  private func primaryKey(_ table: String) throws(SQLiteError) -> String {
    try database.rows("SELECT lower(name) FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", [.text(table)])
    {
      $0.text(0) ?? ""
    }.joined(separator: ", ")
  }

  private mutating func unique(_ index: String, of table: String, _ text: TableText) throws(SQLiteError) {
    let columns = try keyColumns(index, of: table)
    let list = columns.map(\.text).joined(separator: ", ")
    let conflict = text.uniqueConflicts[columns.map(\.name).joined(separator: ",")].map { " \($0)" } ?? ""
    add(.unique, "\(table) (\(list))", table, "UNIQUE (\(list))" + conflict)
  }

  /// The columns of an index, each with its collation if that differs from the column's own.
  private func keyColumns(_ index: String, of table: String) throws(SQLiteError) -> [(
    name: String, text: String
  )] {
    let own = texts[table.folded]?.columns ?? [:]
    return try database.rows(
      "SELECT name, \"desc\", coll FROM pragma_index_xinfo(?) WHERE key = 1 ORDER BY seqno", [.text(index)]
    ) { row in
      let name = row.text(0)?.folded ?? "(expression)"
      let collation = row.text(2)?.folded ?? "binary"
      let text =
        name + (collation == own[name]?.collation ?? "binary" ? "" : " COLLATE \(collation)")
        + (row.int(1) == 1 ? " DESC" : "")
      return (name, text)
    }
  }

  private mutating func index(_ name: String, _ table: String, _ sql: String) throws(SQLiteError) {
    guard !sql.isEmpty else { return }
    let tokens = Array(SQLTokenizer(sql))
    let columns = try keyColumns(name, of: table).map(\.text)
    var definition = tokens.prefix(2).last?.isKeyword("unique") == true ? "UNIQUE " : ""
    definition += "ON \(table.folded) (\(columns.joined(separator: ", ")))"
    if columns.contains(where: { $0.hasPrefix("(expression)") }) {
      let parts = TableText.parts(tokens).map { part in
        TableText.normal(part.last?.isKeyword("asc") == true ? part.dropLast() : part)
      }
      definition += " = (\(parts.joined(separator: ", ")))"
    }
    if let place = tokens.lastIndex(where: { $0.isKeyword("where") }), place > 4 {
      definition += " WHERE \(TableText.normal(Array(tokens[(place + 1)...])))"
    }
    add(.index, name, table, definition, sql: sql)
  }
}
