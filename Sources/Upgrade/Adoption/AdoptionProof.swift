internal import Basics
internal import FoundationEssentials
internal import Migrations
internal import SQLite
internal import Schema

/// Proves, inside the transaction, that recording a history had no effect but the history.
struct AdoptionProof {
  private let database: Connection
  private let historyTable: any HistoryTable
  /// The tables that belong to the history, in lower case, as a JSON array.
  private let own: String
  private let schema: [[String]]
  /// The number of rows by table.
  private let rows: [String: Int64]

  /// Reads the state before the history is recorded.
  init(_ database: Connection, _ historyTable: any HistoryTable) throws {
    self.database = database
    self.historyTable = historyTable
    let names = historyTable.ownTables.union([historyTable.name]).sorted()
    own = String(decoding: try JSONEncoder().encode(names), as: UTF8.self)
    schema = try Self.schema(of: database, without: own)
    rows = try Self.rows(of: database, without: own)
  }

  /// Compares the database with its state before.
  ///
  /// - Parameters:
  ///   - history: the history as it was read back.
  ///   - intended: the names of the versions that were to be recorded.
  /// - Throws: `Failure` if anything else than the history changed, or the history isn't as intended.
  func check(_ history: History, _ intended: [MigrationVersion: String]) throws {
    guard history.recorded == intended, history.unfinished.isEmpty, history.obstacle == nil else {
      throw failure(.history, "\(historyTable.name) did not keep exactly what was recorded")
    }
    guard try Self.schema(of: database, without: own) == schema else {
      throw failure(.schema, "recording the history changed the schema of other tables")
    }
    let now = try Self.rows(of: database, without: own)
    if let table = Set(rows.keys).union(now.keys).sorted().first(where: { rows[$0] != now[$0] }) {
      let counts = "\(rows[table] ?? 0) before, \(now[table] ?? 0) after"
      throw failure(.contentChanged, "recording the history changed the rows of \(table): \(counts)")
    }
  }

  private func failure(_ code: Failure.Code, _ message: String) -> Failure {
    Failure(code: code, step: .prove, message: message)
  }

  /// The stored schema, except the history's tables, what belongs to them, and SQLite's own tables.
  private static func schema(
    of database: Connection, without own: String
  ) throws(SQLiteError) -> [[String]] {
    let sql = """
      SELECT type, name, tbl_name, sql FROM main.sqlite_schema
      WHERE lower(tbl_name) NOT IN (SELECT value FROM json_each(?)) AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid
      """
    return try database.rows(sql, [.text(own)], atMost: .schema) { row in
      (0..<4).map { row.text($0) ?? "" }
    }
  }

  /// The number of rows of each table that stores some. The rows of virtual tables are stored in others.
  private static func rows(
    of database: Connection, without own: String
  ) throws(SQLiteError) -> [String: Int64] {
    let sql = """
      SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow')
        AND lower(name) NOT IN (SELECT value FROM json_each(?)) AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
      """
    var counts: [String: Int64] = [:]
    for name in try database.rows(sql, [.text(own)], atMost: .names, { $0.text(0) ?? "" }) {
      counts[name] = try database.scalar("SELECT count(*) FROM main.\(quoted(name))")?.integer
    }
    return counts
  }
}
