public import SQLite
internal import Schema

/// A table of the application's own that looks like the history of some migrations.
///
/// ```swift
/// if let table = try CustomTable(in: database, recording: set.migrations) {
///   print("\(table.name) records \(table.count) migrations")
/// }
/// ```
///
/// Its rows have the versions of the first migrations, one row for each. ``CustomFormat`` reads and writes such a table.
public struct CustomTable: Hashable, Sendable {
  /// The table's name.
  public let name: String
  /// The columns by what they hold, as in ``MigrationFolder/columns``.
  public let columns: [String: String]
  /// The texts for other columns that need a value, as in ``MigrationFolder/values``.
  public let values: [String: String]
  /// The columns that need a value which nobody knows. If there are any, nothing can be recorded.
  public let unknown: [String]

  private struct Column {
    let name: String
    let values: [Value]
    let isRequired: Bool
  }

  /// Looks for the table.
  ///
  /// - Parameters:
  ///   - database: any open database.
  ///   - migrations: the migrations in ascending order, as ``CustomFormat`` reads them.
  /// - Returns: the first such table by name, and how many migrations it records; nil if there is none. Without
  ///   migrations there is none.
  /// - Throws: `SQLiteError`.
  public static func find(
    in database: Connection, recording migrations: [Migration]
  ) throws(SQLiteError) -> (table: CustomTable, count: Int)? {
    guard !migrations.isEmpty else { return nil }
    let names = try database.rows(
      """
      SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'
      AND name NOT LIKE 'sqlite#_%' ESCAPE '#'
      AND (name LIKE '%migrat%' OR name LIKE '%version%' OR name LIKE '%schema%') ORDER BY name
      """
    ) { $0.text(0) ?? "" }
    for name in names {
      // A large table with such a name holds something else, and is not read.
      let rows = try database.scalar(
        "SELECT count(*) FROM (SELECT 1 FROM main.\(quoted(name)) LIMIT ?)",
        [.integer(Int64(migrations.count) + 1)])
      guard let count = rows?.integer.map(Int.init), (1...migrations.count).contains(count) else { continue }
      let columns = try columns(of: name, in: database)
      guard let table = CustomTable(name, columns, Array(migrations.prefix(count))) else { continue }
      return (table, count)
    }
    return nil
  }

  private static func columns(of table: String, in database: Connection) throws(SQLiteError) -> [Column] {
    let described = try database.rows(
      """
      SELECT name, "notnull" AND dflt_value IS NULL AND NOT (pk = 1 AND upper(type) = 'INTEGER')
      FROM pragma_table_info(?, 'main') ORDER BY cid
      """, [.text(table)]
    ) { (name: $0.text(0) ?? "", isRequired: $0.int(1) != 0) }
    guard !described.isEmpty else { return [] }
    let list = described.map { quoted($0.name) }.joined(separator: ", ")
    let rows = try database.rows("SELECT \(list) FROM main.\(quoted(table))") { row in
      described.indices.map(row.value)
    }
    return described.enumerated().map { index, column in
      Column(name: column.name, values: rows.map { $0[index] }, isRequired: column.isRequired)
    }
  }

  /// Finds out what the columns hold; nil if none holds exactly the versions of these migrations.
  private init?(_ name: String, _ columns: [Column], _ applied: [Migration]) {
    let wanted = Set(applied.compactMap(\.version))
    let fitting = columns.filter { column in
      Set(column.values.compactMap { $0.asText.map { MigrationVersion($0) } }) == wanted
    }
    // A row's number counts up too.
    guard let version = fitting.first(where: { $0.name.folded != "id" }) ?? fitting.first else { return nil }
    let byVersion = Dictionary(applied.map { ($0.version ?? 0, $0) }) { first, _ in first }
    let order = version.values.compactMap { $0.asText.flatMap { byVersion[MigrationVersion($0)] } }
    guard order.count == applied.count else { return nil }
    var (roles, values, unknown) = (["version": version.name], [String: String](), [String]())
    for column in columns where column.name != version.name {
      let texts = column.values.compactMap(\.text)
      let isText = texts.count == order.count
      if isText, roles["name"] == nil, texts == order.map(\.name) {
        roles["name"] = column.name
      } else if isText, roles["checksum"] == nil, texts == order.map({ PrismaFormat.checksum($0.text) }) {
        roles["checksum"] = column.name
      } else if isText, roles["applied_at"] == nil, texts.allSatisfy(Self.isTime) {
        roles["applied_at"] = column.name
      } else if column.isRequired {
        if isText, let text = texts.first, Set(texts).count == 1 {
          values[column.name] = text
        } else {
          unknown.append(column.name)
        }
      }
    }
    // Numbers alone are no evidence: many tables count their rows from 1, or keep versions of something else.
    let sounds =
      ["migrat", "schema"].contains(where: name.folded.contains)
      && ["version", "migration"].contains(where: version.name.folded.contains)
    guard sounds || roles["name"] != nil || roles["checksum"] != nil else { return nil }
    (self.name, self.columns, self.values, self.unknown) = (name, roles, values, unknown)
  }

  /// Whether a text is a time as CURRENT_TIMESTAMP writes it.
  private static func isTime(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { SchemaMigrationsLayout.seconds(UnsafeRawBufferPointer($0)) != nil }
  }
}
