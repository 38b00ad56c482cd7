internal import SQLite
internal import Schema

/// Which foreign-key violations are new.
///
/// SQLite's documentation has foreign keys off while a table is rebuilt, and `PRAGMA foreign_key_check` after
/// (https://sqlite.org/lang_altertable.html, steps 1 and 11). Violations that were there before are the
/// application's business. Row numbers change when a table is rebuilt, so a violation is known by the values that
/// point nowhere, and counted.
struct ForeignKeyProof {
  struct Violation: Hashable {
    let table: String
    let columns: [String]
    let parent: String
    let values: [Value]
  }

  private let database: Connection
  private let schema: Schema
  private var before: [String: [Violation: Int]] = [:]
  private var written: Set<String> = []

  init(_ database: Connection, _ schema: Schema) {
    self.database = database
    self.schema = schema
  }

  /// Notes the violations in `table`, and in those that refer to it, before anything is written to it.
  mutating func willWrite(_ table: String) throws {
    let table = table.folded
    guard written.insert(table).inserted else { return }
    for name in [table] + schema.children(of: table) where before[name] == nil {
      before[name] = schema.object(.table, name) == nil ? [:] : try violations(in: name)
    }
  }

  /// The tables that were written.
  var tables: Set<String> { written }

  /// Violations that are there now and weren't before.
  func newViolations(_ after: Schema) throws -> [(violation: Violation, count: Int)] {
    var tables = Set(before.keys).union(written)
    for table in written { tables.formUnion(after.children(of: table)) }
    var new: [(violation: Violation, count: Int)] = []
    for table in tables.sorted() where after.object(.table, table) != nil {
      for (violation, count) in try violations(in: table) {
        let more = count - (before[table]?[violation] ?? 0)
        if more > 0 { new.append((violation, more)) }
      }
    }
    return new
  }

  private func violations(in table: String) throws -> [Violation: Int] {
    switch Result(catching: { () throws(SQLiteError) in try reported(in: table) }) {
    case .success(let rows): return try valued(rows, in: table)
    case .failure(let error) where error.code.primary == .error:
      // The parent has no such key, so that no row can be checked.
      return [Violation(table: table, columns: [], parent: "", values: [.text(error.message)]): 1]
    case .failure(let error): throw error
    }
  }

  /// What `foreign_key_check` reports: the row's number, nil in a table without them, and the key's.
  private typealias Report = (row: Int64?, parent: String, key: Int64)

  private func reported(in table: String) throws(SQLiteError) -> [Report] {
    try database.rows("PRAGMA foreign_key_check(\(quoted(table)))") { row in
      (row.text(1).flatMap { Int64($0) }, row.text(2) ?? "", row.int(3))
    }
  }

  /// The violations by the values that point nowhere.
  private func valued(_ rows: [Report], in table: String) throws -> [Violation: Int] {
    guard !rows.isEmpty else { return [:] }
    let keys = try foreignKeys(of: table)
    var found: [Violation: Int] = [:]
    for (number, rows) in Dictionary(grouping: rows, by: \.key) {
      let key = keys[number] ?? ForeignKey(parent: rows[0].parent)
      let numbers = rows.compactMap(\.row)
      let values =
        if numbers.count == rows.count, let rowID = try rowID(of: table) {
          try self.values(of: key, in: table, rowID, numbers)
        } else {
          try orphans(of: key, in: table, count: rows.count)
        }
      for values in values {
        let violation = Violation(
          table: table, columns: key.columns.map(\.folded), parent: key.parent.folded, values: values)
        found[violation, default: 0] += 1
      }
    }
    return found
  }

  private struct ForeignKey {
    let parent: String
    var columns: [String] = []
    /// The columns that it refers to; empty for the parent's primary key.
    var targets: [String] = []
  }

  private func foreignKeys(of table: String) throws(SQLiteError) -> [Int64: ForeignKey] {
    let pairs = try database.rows(
      "SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?) ORDER BY id, seq",
      [.text(table)]
    ) { row in (key: row.int(0), parent: row.text(1) ?? "", column: row.text(2) ?? "", target: row.text(3)) }
    var keys: [Int64: ForeignKey] = [:]
    for pair in pairs {
      keys[pair.key, default: ForeignKey(parent: pair.parent)].columns.append(pair.column)
      if let target = pair.target { keys[pair.key]?.targets.append(target) }
    }
    return keys
  }

  /// The name of the row's number that no column hides; nil where all are hidden.
  private func rowID(of table: String) throws(SQLiteError) -> String? {
    let columns = try database.rows("SELECT name FROM pragma_table_xinfo(?, 'main')", [.text(table)]) {
      $0.text(0)?.folded ?? ""
    }
    return ["_rowid_", "rowid", "oid"].first { !columns.contains($0) }
  }

  private func values(
    of key: ForeignKey, in table: String, _ rowID: String, _ rows: [Int64]
  ) throws(SQLiteError) -> [[Value]] {
    let list = key.columns.map { quoted($0) }.joined(separator: ", ")
    let reader = try database.prepare("SELECT \(list) FROM main.\(quoted(table)) WHERE \(rowID) = ?")
    var values: [[Value]] = []
    for row in rows {
      try reader?.bind([.integer(row)])
      let isThere = try reader?.step() == true
      values.append(isThere ? key.columns.indices.compactMap { reader?.value($0) } : [])
      reader?.reset()
    }
    return values
  }

  /// The values in a table without row numbers that point nowhere. `foreign_key_check` says only how many there are, so
  /// they are looked for by the rule that it follows: a value is compared with the affinity and the collation of the
  /// parent's column (https://sqlite.org/foreignkeys.html, 3), for which its own affinity is taken off by a `+`.
  private func orphans(of key: ForeignKey, in table: String, count: Int) throws -> [[Value]] {
    let targets = key.targets.isEmpty ? try primaryKey(of: key.parent) : key.targets
    let list = key.columns.map { "c.\(quoted($0))" }
    var conditions = list.map { "\($0) IS NOT NULL" }
    if schema.object(.table, key.parent) != nil || !targets.isEmpty {
      let pairs = zip(targets, list).map { "p.\(quoted($0)) = +\($1)" }.joined(separator: " AND ")
      conditions.append("NOT EXISTS (SELECT 1 FROM main.\(quoted(key.parent)) p WHERE \(pairs))")
    }
    let sql = """
      SELECT \(list.joined(separator: ", ")) FROM main.\(quoted(table)) c WHERE \(conditions.joined(separator: " AND "))
      """
    let found = try database.rows(sql) { row in key.columns.indices.map { row.value($0) } }
    guard found.count == count else {
      throw Failure(
        code: .foreignKey, step: .prove,
        message:
          "\(count) rows of \(table) refer to nothing in \(key.parent), and which they are can't be told")
    }
    return found
  }

  private func primaryKey(of table: String) throws(SQLiteError) -> [String] {
    try database.rows("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", [.text(table)]) {
      $0.text(0) ?? ""
    }
  }
}
