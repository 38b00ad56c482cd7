internal import SQLite
internal import Schema

/// Finds new foreign-key violations.
///
/// As SQLite recommends, foreign keys are off while a table is rebuilt, and `PRAGMA foreign_key_check` runs afterwards
/// (https://sqlite.org/lang_altertable.html, steps 1 and 11). Violations that existed before are the application's
/// business. A rebuild changes row numbers, so violations are identified by their dangling values, and counted.
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

  /// Records the violations in `table`, and in the tables that refer to it, before it is written.
  mutating func willWrite(_ table: String) throws {
    let table = table.folded
    guard written.insert(table).inserted else { return }
    for name in [table] + schema.children(of: table) where before[name] == nil {
      before[name] = schema.object(.table, name) == nil ? [:] : try violations(in: name)
    }
  }

  /// The tables that were written.
  var tables: Set<String> { written }

  /// All violations that exist now.
  func allViolations() throws -> [Violation: Int] {
    try Set(schema.links.map(\.child)).sorted().reduce(into: [:]) { found, table in
      guard schema.object(.table, table) != nil else { return }
      found.merge(try violations(in: table)) { $0 + $1 }
    }
  }

  /// The violations that exist now and didn't exist before.
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

  /// Whether the violated foreign key existed before. Its violation is then the work of a migration; a new foreign key
  /// may find rows that referred to nothing before.
  func existed(_ violation: Violation) -> Bool {
    guard !violation.columns.isEmpty else { return true }
    let list = violation.columns.joined(separator: ", ")
    let name = "\(violation.table).\(violation.columns.count == 1 ? list : "(\(list))")"
    return schema.links.contains { $0.child == violation.table && $0.parent == violation.parent }
      && (schema.object(.foreignKey, name) ?? schema.object(.foreignKey, "\(name) to \(violation.parent)"))
        != nil
  }

  private func violations(in table: String) throws -> [Violation: Int] {
    switch Result(catching: { () throws(SQLiteError) in try reported(in: table) }) {
    case .success(let rows): return try valued(rows, in: table)
    case .failure(let error) where error.code.primary == .error:
      // The parent has no suitable key, so no row can be checked.
      return [Violation(table: table, columns: [], parent: "", values: [.text(error.message)]): 1]
    case .failure(let error): throw error
    }
  }

  /// A row of `foreign_key_check`: the row's number, nil in a WITHOUT ROWID table, the parent, and the key's number.
  private typealias Report = (row: Int64?, parent: String, key: Int64)

  private func reported(in table: String) throws(SQLiteError) -> [Report] {
    try database.rows("PRAGMA foreign_key_check(\(quoted(table)))") { row in
      (row.text(1).flatMap { Int64($0) }, row.text(2) ?? "", row.int(3))
    }
  }

  /// Groups the violations by their dangling values.
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
    /// The columns that the key refers to; empty for the parent's primary key.
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

  /// A name of the row number that no column hides; nil if all are hidden.
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

  /// The dangling values in a table without row numbers.
  ///
  /// `foreign_key_check` only reports how many there are, so a query finds them by the same rule: a value is compared
  /// with the affinity and the collation of the parent's column (https://sqlite.org/foreignkeys.html, 3). The `+`
  /// removes the value's own affinity.
  /// - Throws: `Failure` if the query finds a different number than `count`; `SQLiteError`.
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
