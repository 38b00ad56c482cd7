internal import Crypto
public import SQLite

extension Schema {
  /// Reads the schema of the open database, as the connection's transaction sees it.
  ///
  /// - Parameters:
  ///   - database: any open database.
  ///   - ignored: what to leave out.
  /// - Throws: `SQLiteError`.
  public init(reading database: Connection, ignoring ignored: [IgnoreRule] = []) throws(SQLiteError) {
    var reader = SchemaReader(database: database)
    try reader.read()
    let kept = reader.objects.filter { object in !ignored.contains { $0.covers(object) } }
    let tables = Set(kept.map(\.table))
    self.init(kept, links: reader.links.filter { tables.contains($0.child) })
  }

  /// A digest of the schema's text as it is stored, by which one can tell that a schema was read before.
  public static func rawDigest(of database: Connection) throws(SQLiteError) -> Fingerprint {
    var hash = SHA256()
    _ = try database.rows("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name") { row in
      for column in 0..<3 {
        row.withText(column) { hash.update(bufferPointer: $0) }
        hash.update(data: [0])
      }
    }
    return Fingerprint(Array(hash.finalize()))
  }
}

/// Reads one schema, through SQLite's PRAGMA functions for what they tell and from the stored text for the rest.
private struct SchemaReader {
  let database: Connection
  var objects: [Schema.Object] = []
  var links: Set<Schema.Link> = []

  mutating func read() throws(SQLiteError) {
    // The names of shadow tables depend on their virtual tables; both are SQLite's business.
    let sql = """
      SELECT s.type, s.name, s.tbl_name, s.sql, t.type, t.wr, t.strict
      FROM sqlite_schema s LEFT JOIN pragma_table_list t ON t.schema = 'main' AND t.name = s.name
      WHERE s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
      """
    let rows = try database.rows(sql) { row in (0..<7).map { row.text($0) ?? "" } }
    for row in rows {
      switch (row[0], row[4]) {
      case ("table", "shadow"): break
      case ("table", "virtual"): add(.table, row[1], row[1], text(row[3]))
      case ("table", _): try table(row[1], row[3], withoutRowID: row[5] == "1", strict: row[6] == "1")
      case ("index", _): try index(row[1], row[2], row[3])
      case ("trigger", _): add(.trigger, row[1], row[2], text(row[3]))
      case ("view", _): add(.view, row[1], row[1], text(row[3]))
      default: break
      }
    }
  }

  private mutating func add(_ kind: Schema.Kind, _ name: String, _ table: String, _ definition: String) {
    objects.append(Schema.Object(kind: kind, name: name, table: table.lowercased(), definition: definition))
  }

  /// The whole statement, without IF NOT EXISTS.
  private func text(_ sql: String) -> String {
    var words = SQLTokenizer(sql).map(\.normal)
    if let place = words.prefix(6).firstIndex(of: "if") {
      words.removeSubrange(place..<min(place + 3, words.count))
    }
    return words.joined(separator: " ")
  }

  private mutating func table(
    _ name: String, _ sql: String, withoutRowID: Bool, strict: Bool
  ) throws(SQLiteError) {
    let text = TableText(sql)
    let columns = try database.rows(
      "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?)", [.text(name)]
    ) { row in (0..<6).map { row.text($0) } }
    for column in columns {
      let own = text.columns[column[0]?.lowercased() ?? ""] ?? .init()
      add(.column, "\(name).\(column[0] ?? "")", name, definition(column, own))
    }
    let key = columns.filter { $0[4] != "0" }.sorted { Int($0[4] ?? "") ?? 0 < Int($1[4] ?? "") ?? 0 }
    var options: [String] = []
    if !key.isEmpty {
      options.append("PRIMARY KEY (\(key.compactMap { $0[0]?.lowercased() }.joined(separator: ", ")))")
    }
    if text.hasAutoincrement { options.append("AUTOINCREMENT") }
    if withoutRowID { options.append("WITHOUT ROWID") }
    if strict { options.append("STRICT") }
    add(.table, name, name, (options + text.conflicts.sorted()).joined(separator: ", "))
    for check in Set(text.checks) { add(.check, "\(name) (\(check))", name, check) }
    try foreignKeys(name, text)
    try uniques(name)
  }

  private func definition(_ column: [String?], _ own: TableText.Column) -> String {
    var parts: [String] = []
    if let type = column[1], !type.isEmpty {
      parts.append(SQLTokenizer(type).map { $0.text.uppercased() }.joined(separator: " "))
    }
    if column[2] == "1" { parts.append("NOT NULL") }
    if let value = column[3] { parts.append("DEFAULT \(defaultValue(value))") }
    if let collation = own.collation, collation != "binary" { parts.append("COLLATE \(collation)") }
    if let generated = own.generated { parts.append("AS \(generated)") }
    return (parts + own.conflict).joined(separator: " ")
  }

  /// A quoted name can't be one here: SQLite takes it for a string.
  private func defaultValue(_ sql: String) -> String {
    let tokens = Array(SQLTokenizer(sql))
    guard tokens.count == 1, tokens[0].kind == .quotedName else { return TableText.normal(tokens) }
    return "'"
      + tokens[0].text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
  }

  private mutating func foreignKeys(_ table: String, _ text: TableText) throws(SQLiteError) {
    let rows = try database.rows(
      """
      SELECT id, "table", lower(group_concat("from", ', ')), lower(group_concat("to", ', ')), on_update, on_delete
      FROM (SELECT * FROM pragma_foreign_key_list(?) ORDER BY id, seq) GROUP BY id
      """, [.text(table)]
    ) { row in (0..<6).map { row.text($0) ?? "" } }
    for row in rows {
      let parent = row[1].lowercased()
      links.insert(Schema.Link(child: table.lowercased(), parent: parent))
      let to = row[3].isEmpty ? try primaryKey(parent) : row[3]
      var definition = "REFERENCES \(parent) (\(to))"
      if row[5] != "NO ACTION" { definition += " ON DELETE \(row[5])" }
      if row[4] != "NO ACTION" { definition += " ON UPDATE \(row[4])" }
      let columns = row[2].split(separator: ", ").joined(separator: ",")
      if let deferral = text.deferrals[columns] { definition += " \(deferral)" }
      let name = columns.contains(",") ? "\(table).(\(row[2]))" : "\(table).\(row[2])"
      let taken = objects.contains { $0.kind == .foreignKey && $0.name == name }
      add(.foreignKey, taken ? "\(name) to \(parent)" : name, table, definition)
    }
  }

  /// What a foreign key refers to that names no columns.
  private func primaryKey(_ table: String) throws(SQLiteError) -> String {
    try database.rows("SELECT lower(name) FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", [.text(table)])
    {
      $0.text(0) ?? ""
    }.joined(separator: ", ")
  }

  private mutating func uniques(_ table: String) throws(SQLiteError) {
    let names = try database.rows(
      "SELECT name FROM pragma_index_list(?) WHERE origin = 'u'", [.text(table)]
    ) { $0.text(0) ?? "" }
    for name in names {
      let columns = try keyColumns(name).joined(separator: ", ")
      add(.unique, "\(table) (\(columns))", table, "UNIQUE (\(columns))")
    }
  }

  private func keyColumns(_ index: String) throws(SQLiteError) -> [String] {
    try database.rows(
      "SELECT name, \"desc\", coll FROM pragma_index_xinfo(?) WHERE key = 1 ORDER BY seqno", [.text(index)]
    ) { row in
      let name = row.text(0)?.lowercased() ?? "(expression)"
      let collation = row.text(2)?.lowercased() ?? "binary"
      return name + (collation == "binary" ? "" : " COLLATE \(collation)") + (row.int(1) == 1 ? " DESC" : "")
    }
  }

  private mutating func index(_ name: String, _ table: String, _ sql: String) throws(SQLiteError) {
    guard !sql.isEmpty else { return }
    let tokens = Array(SQLTokenizer(sql))
    let columns = try keyColumns(name)
    var definition = tokens.prefix(2).last?.isKeyword("unique") == true ? "UNIQUE " : ""
    definition += "ON \(table.lowercased()) (\(columns.joined(separator: ", ")))"
    if columns.contains(where: { $0.hasPrefix("(expression)") }) {
      let parts = TableText.parts(tokens).map { TableText.normal($0) }
      definition += " = (\(parts.joined(separator: ", ")))"
    }
    if let place = tokens.lastIndex(where: { $0.isKeyword("where") }), place > 4 {
      definition += " WHERE \(TableText.normal(Array(tokens[(place + 1)...])))"
    }
    add(.index, name, table, definition)
  }
}
