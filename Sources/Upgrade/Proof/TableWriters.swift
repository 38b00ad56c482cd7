internal import Migrations

/// Which migrations wrote which tables.
struct TableWriters {
  private var files: [String: [String]] = [:]
  /// The files of all migrations that wrote a table, in the order in which they ran.
  private var order: [String] = []

  /// Notes that a migration writes a table, given in lower case.
  mutating func note(_ table: String, _ migration: Migration) {
    if order.last != migration.file { order.append(migration.file) }
    if files[table]?.last != migration.file { files[table, default: []].append(migration.file) }
  }

  /// The files of the migrations that wrote any of `tables`, in the order in which they ran.
  func files(of tables: Set<String>) -> [String] {
    let found = Set(tables.flatMap { files[$0] ?? [] })
    return order.filter(found.contains)
  }
}
