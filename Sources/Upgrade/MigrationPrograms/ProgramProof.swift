internal import Basics
internal import Migrations
internal import SQLite
internal import Schema

/// Proves that a migration program had only permitted effects on a copy, by comparing the copy with the original.
struct ProgramProof {
  /// The database as it was, and its state.
  let original: Connection
  let before: Inspector.State
  /// The copy that the program worked on, and its state.
  let copy: Connection
  let after: Inspector.State
  let inspector: Inspector
  let program: MigrationProgram

  /// Runs all checks.
  ///
  /// - Returns: the rows that were lost, as fleet.yml permits, by table.
  /// - Throws: `Failure` for the first effect that is not permitted; `SQLiteError`.
  func check() throws -> [String: Int] {
    try BackupWriter.checkIntegrity(copy, "integrity_check", of: "the result")
    try checkHistory()
    let lost = try checkRows()
    try checkColumns()
    try checkForeignKeys()
    try checkSchema()
    return lost
  }

  private func failure(_ code: Failure.Code, _ message: String) -> Failure {
    Failure(code: code, step: .prove, message: message)
  }

  private func checkHistory() throws {
    guard !after.plan.isCurrent else { return }
    let missing = after.plan.pending.map(\.name).prefix(3).joined(separator: ", ")
    throw failure(
      .program,
      after.plan.isAhead
        ? "the program has recorded what it doesn't record in an empty database"
        : "the program ended with status 0 and has not recorded \(missing)")
  }

  /// The tables whose rows count, by their names in lower case.
  private func tables(of database: Connection) throws -> [String: String] {
    let own = inspector.set.historyTable.ownTables
    let names = try database.rows(
      """
      SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')
      AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
      """
    ) { $0.text(0) ?? "" }
    return Dictionary(names.filter { !own.contains($0.folded) }.map { ($0.folded, $0) }) { first, _ in first }
  }

  private func count(_ table: String, in database: Connection) throws -> Int {
    Int(try database.scalar("SELECT count(*) FROM main.\(quoted(table))")?.integer ?? 0)
  }

  private func checkRows() throws -> [String: Int] {
    let now = try tables(of: copy)
    var lost: [String: Int] = [:]
    for (name, table) in try tables(of: original) {
      let before = try count(table, in: original)
      let left = try now[name].map { try count($0, in: copy) } ?? 0
      if left < before { lost[name] = before - left }
    }
    let undeclared = lost.filter { !program.deletes.contains($0.key) }.sorted { $0.key < $1.key }
    guard !undeclared.isEmpty else { return lost }
    let list = undeclared.map { "\(counted($0.value, "row")) of \($0.key)" }.joined(separator: ", ")
    throw failure(
      .rowsLost,
      "\(list) would be lost; if they may go, say so in fleet.yml with "
        + "deletes: [\(undeclared.map(\.key).joined(separator: ", "))]")
  }

  /// Refuses to drop a column that holds something, unless fleet.yml permits it.
  private func checkColumns() throws {
    var gone: [String] = []
    for (name, table) in try tables(of: original) {
      guard let then = before.schema.layout(of: name), let now = after.schema.layout(of: name), !now.isEmpty
      else { continue }
      for column in then where !now.contains(column) && !program.deletes.contains("\(name).\(column)") {
        let value = try original.scalar(
          "SELECT 1 FROM main.\(quoted(table)) WHERE \(quoted(column)) IS NOT NULL LIMIT 1")
        if value != nil { gone.append("\(name).\(column)") }
      }
    }
    guard !gone.isEmpty else { return }
    let list = gone.sorted().joined(separator: ", ")
    throw failure(
      .columnLost,
      "\(list) would be dropped with what it holds, or be renamed; if that is meant, say so in fleet.yml with "
        + "deletes: [\(list)]")
  }

  private func checkForeignKeys() throws {
    let old = try ForeignKeyProof(original, before.schema).allViolations()
    let new = try ForeignKeyProof(copy, after.schema).allViolations()
    var counts: [String: Int] = [:]
    for (violation, count) in new {
      let more = count - (old[violation] ?? 0)
      if more > 0 { counts[violation.table, default: 0] += more }
    }
    guard !counts.isEmpty else { return }
    let places = counts.sorted { $0.key < $1.key }.map { "\($0.value) in \($0.key)" }.joined(separator: ", ")
    throw failure(.foreignKey, "new foreign-key violations: \(places)")
  }

  /// Compares the schema with what the program makes of an empty database. What was there before and is unchanged is
  /// drift, and stays.
  private func checkSchema() throws {
    let caused = after.drift.filter { difference in
      guard difference.objectKind != nil else { return false }
      return difference.actual == nil || !before.schema.agrees(with: after.schema, on: difference)
    }
    guard let first = caused.first else { return }
    let more = caused.count == 1 ? "" : ", and \(caused.count - 1) more"
    throw failure(
      .schema, "the schema is not what the program makes of an empty database: \(first)\(more)")
  }
}
