internal import Basics
internal import SQLite
internal import Schema

/// Problems in the data itself, which can only be found by reading all of it.
///
/// Each check is a separate statement outside any transaction, so a writer waits for one check at most.
struct DataTrouble {
  private let database: Connection
  private let schema: Schema
  /// The maximum number of findings that are counted.
  private let limit = 1000

  init(_ database: Connection, _ schema: Schema) {
    self.database = database
    self.schema = schema
  }

  func differences() throws -> [Difference] { try integrity() + foreignKeys() }

  private func integrity() throws(SQLiteError) -> [Difference] {
    var findings: [String]
    do {
      findings = try database.rows("PRAGMA integrity_check(\(limit))") { $0.text(0) ?? "" }
    } catch  where error.code == .corrupt {
      findings = [error.description]
    }
    guard findings != ["ok"], let first = findings.first else { return [] }
    let text = first.split(whereSeparator: \.isNewline).joined(separator: " ")
    let count = findings.count < limit ? counted(findings.count, "finding") : "\(limit) or more findings"
    return [
      Difference(
        kind: .integrity, object: table(in: text), expected: "ok",
        actual: "\(count): \(text)")
    ]
  }

  /// The table that a finding names directly, or through its index or column.
  private func table(in text: String) -> String {
    for word in text.split(whereSeparator: { " .,:".contains($0) }).map(String.init) {
      if let table = schema.object(.table, word) { return table.name }
      if let index = schema.object(.index, word) {
        return schema.object(.table, index.table)?.name ?? index.table
      }
    }
    return "database"
  }

  private func foreignKeys() throws(SQLiteError) -> [Difference] {
    let sql = """
      SELECT "table", parent, count(*) FROM pragma_foreign_key_check GROUP BY lower("table"), lower(parent)
      ORDER BY 1, 2
      """
    do {
      return try database.rows(sql) { row in
        Difference(
          kind: .foreignKeyViolations, object: "\(row.text(0) ?? "") → \(row.text(1) ?? "")",
          expected: "0", actual: "\(row.int(2))")
      }
    } catch  where error.code == .error {
      // A foreign key can't be checked if it refers to columns without a UNIQUE constraint.
      return [
        Difference(
          kind: .foreignKeyViolations, object: "database", expected: "0", actual: error.description)
      ]
    } catch  where error.code == .corrupt {
      return []  // integrity_check has reported it
    }
  }
}
