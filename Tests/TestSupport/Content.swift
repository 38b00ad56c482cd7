internal import FoundationEssentials
internal import SQLite

/// What a database holds, for comparing before and after.
public enum Content {
  /// Every schema entry and every value of every row, types and bytes included.
  public static func dump(_ path: String) throws -> [String] {
    let database = try open(path)
    defer { database.close() }
    var lines = try database.rows(
      "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY type, name"
    ) { $0.text(0) ?? "" }
    for table in try tables(database) { lines += try rows(of: table, in: database) }
    return lines
  }

  /// Every value of every row of one table, in the order in which it stores them.
  public static func rows(of table: String, at path: String) throws -> [String] {
    let database = try open(path)
    defer { database.close() }
    return try rows(of: table, in: database)
  }

  /// A file's bytes.
  public static func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: path)))
  }

  /// The header's two bytes that say whether a database is in WAL mode (2, 2) or not (1, 1).
  public static func mode(_ path: String) throws -> [UInt8] { Array(try bytes(path)[18...19]) }

  /// One value of a database.
  public static func value(_ sql: String, at path: String) throws -> Int64? {
    let database = try open(path)
    defer { database.close() }
    return try database.scalar(sql)?.integer
  }

  /// What `integrity_check` says.
  public static func integrity(_ path: String) throws -> String {
    let database = try open(path)
    defer { database.close() }
    return try database.rows("PRAGMA integrity_check(3)") { $0.text(0) ?? "" }.joined(separator: "; ")
  }

  /// Without a log beside it there is nothing to wait for, and reading leaves no files beside it either.
  private static func open(_ path: String) throws -> Connection {
    let file = try DatabaseFile.inspect(path).get()
    return try Connection(path: path, access: file.isWAL && !file.hasLog ? .immutable : .readOnly)
  }

  private static func tables(_ database: Connection) throws -> [String] {
    try database.rows(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    ) { $0.text(0) ?? "" }
  }

  private static func rows(of table: String, in database: Connection) throws -> [String] {
    let columns = try database.rows("SELECT name FROM pragma_table_xinfo(?)", [.text(table)]) {
      quoted($0.text(0) ?? "")
    }
    let values = columns.map { "typeof(\($0)) || ':' || hex(\($0))" }.joined(separator: " || ',' || ")
    return try database.rows("SELECT \(values) FROM \(quoted(table)) NOT INDEXED") {
      "\(table) \($0.text(0) ?? "")"
    }
  }
}
