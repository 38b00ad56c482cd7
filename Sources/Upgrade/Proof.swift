internal import Migrations
internal import SQLite
internal import Schema

/// Proves, inside the transaction, that migrations did what they may and nothing else.
///
/// Rows and `@expect` are checked by the migrator after each migration; here are foreign keys, the integrity of
/// what was written, and the schema.
struct Proof {
  private let database: Connection
  private let before: Inspector.State
  private let inspector: Inspector
  private var foreignKeys: ForeignKeyProof

  init(_ database: Connection, before: Inspector.State, _ inspector: Inspector) {
    self.database = database
    self.before = before
    self.inspector = inspector
    foreignKeys = ForeignKeyProof(database, before.schema)
  }

  mutating func willWrite(_ table: String) throws { try foreignKeys.willWrite(table) }

  /// - Returns: the state after the migrations, with the drift that they found and left.
  func check() throws -> Inspector.State {
    let after = try inspector.state(of: database)
    try checkForeignKeys(after.schema)
    for table in foreignKeys.tables.sorted() where after.schema.object(.table, table) != nil {
      let findings = try database.rows("PRAGMA quick_check(\(quoted(table)))") { $0.text(0) ?? "" }
      guard findings == ["ok"] else {
        throw Failure(
          code: "corrupt", step: .prove,
          message: "quick_check of \(table) says: \(findings.prefix(5).joined(separator: "; "))")
      }
    }
    try checkColumns(after.schema)
    try checkSchema(after)
    return after
  }

  private func checkForeignKeys(_ schema: Schema) throws {
    let new = try foreignKeys.newViolations(schema)
    guard let first = new.first else { return }
    var counts: [String: Int] = [:]
    for (violation, count) in new { counts[violation.table, default: 0] += count }
    let places = counts.sorted { $0.key < $1.key }.map { "\($0.value) in \($0.key)" }.joined(separator: ", ")
    let example = zip(first.violation.columns, first.violation.values).map { column, value in
      "\(column) = \(value.text ?? value.integer.map(String.init) ?? "…")"
    }.joined(separator: ", ")
    throw Failure(
      code: "foreign_key", step: .prove,
      message: "new foreign-key violations: \(places)"
        + (example.isEmpty ? "" : ", such as \(first.violation.table) with \(example)"))
  }

  /// A table that is rebuilt from a list of columns would lose one that somebody added by hand.
  private func checkColumns(_ after: Schema) throws {
    let lost = before.drift.first { difference in
      difference.kind == "column_unexpected" && after.object(.column, difference.object) == nil
    }
    guard let lost else { return }
    throw Failure(
      code: "column_lost", step: .prove,
      message: "column \(lost.object) is not from these migrations, and they would drop it with what it holds"
    )
  }

  /// Differences of objects that the migrations didn't touch were there before: drift. Others are their doing.
  private func checkSchema(_ after: Inspector.State) throws {
    let caused = after.drift.filter { !before.schema.agrees(with: after.schema, on: $0) }
    guard let first = caused.first else { return }
    let more = caused.count == 1 ? "" : ", and \(caused.count - 1) more"
    throw Failure(
      code: "schema", step: .prove,
      message:
        "after the migrations the schema is not that of version \(after.history.version ?? 0): \(first)\(more)"
    )
  }
}
