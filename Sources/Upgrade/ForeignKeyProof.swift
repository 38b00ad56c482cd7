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
  mutating func willWrite(_ table: String) throws(SQLiteError) {
    let table = table.lowercased()
    guard written.insert(table).inserted else { return }
    for name in [table] + schema.children(of: table) where before[name] == nil {
      before[name] = schema.object(.table, name) == nil ? [:] : try violations(in: name)
    }
  }

  /// The tables that were written.
  var tables: Set<String> { written }

  /// Violations that are there now and weren't before.
  func newViolations(_ after: Schema) throws(SQLiteError) -> [(violation: Violation, count: Int)] {
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

  private func violations(in table: String) throws(SQLiteError) -> [Violation: Int] {
    var found: [Violation: Int] = [:]
    let rows: [(row: Int64?, parent: String, key: Int64)]
    do {
      rows = try database.rows("PRAGMA foreign_key_check(\(quoted(table)))") { row in
        (row.text(1).flatMap { Int64($0) }, row.text(2) ?? "", row.int(3))
      }
    } catch  where error.code.primary == .error {
      // The parent has no such key: true of every row, and of none in particular.
      return [Violation(table: table, columns: [], parent: "", values: [.text(error.message)]): 1]
    }
    guard !rows.isEmpty else { return found }
    var columns: [Int64: [String]] = [:]
    let pairs = try database.rows(
      "SELECT id, \"from\" FROM pragma_foreign_key_list(?) ORDER BY id, seq", [.text(table)]
    ) { row in (key: row.int(0), column: row.text(1) ?? "") }
    for pair in pairs { columns[pair.key, default: []].append(pair.column) }
    var readers: [Int64: Statement] = [:]
    for row in rows {
      let names = columns[row.key] ?? []
      var values: [Value] = []
      if let number = row.row {
        let list = names.map { quoted($0) }.joined(separator: ", ")
        if readers[row.key] == nil {
          readers[row.key] = try database.prepare("SELECT \(list) FROM \(quoted(table)) WHERE _rowid_ = ?")
        }
        let reader = readers[row.key]
        try reader?.bind([.integer(number)])
        if try reader?.step() == true { values = names.indices.compactMap { reader?.value($0) } }
        reader?.reset()
      }
      let violation = Violation(
        table: table, columns: names.map { $0.lowercased() }, parent: row.parent.lowercased(), values: values)
      found[violation, default: 0] += 1
    }
    return found
  }
}
