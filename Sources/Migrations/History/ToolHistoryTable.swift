public import SQLite
public import Schema

/// The history table of another migration tool, described by its SQL.
public struct ToolHistoryTable: HistoryTable {
  /// What a row says.
  enum Row {
    /// A migration was applied, or begun.
    case applied(RecordedMigration)
    /// Every migration up to and including this version was applied.
    case appliedUpTo(RecordedMigration)
    /// Every migration up to and including this version counts as applied, even if there is none of that version.
    case baseline(MigrationVersion)
    /// Earlier rows of a version don't count.
    case removed(MigrationVersion)
    /// The row says nothing about a migration.
    case none
    /// The row has another form than the tool writes.
    case unreadable
  }

  /// The name of the tool, for people.
  let tool: String
  /// The table's name as it is in SQL.
  let table: String
  private let createStatements: [String]
  private let columns: [String]
  private let onlyColumns: [String]?
  private let rivals: [String]
  private let times: Set<String>
  private let order: String?
  private let others: Set<String>
  private let known: [Migration]
  private let decode: @Sendable ([Value]) -> Row
  private let insert: @Sendable (Migration, Double) -> [(sql: String, values: [Value])]
  private let delete: @Sendable (MigrationVersion) -> (sql: String, values: [Value])
  private let settle: (@Sendable (MigrationVersion, Bool) -> (sql: String, values: [Value]))?
  private let digest: (@Sendable (String, Migration) -> String)?
  /// How the tool compares checksums.
  public let checksumRules: ChecksumRules
  private let mustExist: Bool
  private let hasNoObstacle: (@Sendable ([String: String]) -> Bool)?
  private let findObstacle: (@Sendable (Connection) throws(SQLiteError) -> String?)?

  /// Describes a table.
  ///
  /// - Parameters:
  ///   - tool: the name of the tool.
  ///   - table: the table's name.
  ///   - create: the statements that create the table with its indexes, as the tool does, if it doesn't exist.
  ///   - columns: the columns to read.
  ///   - onlyColumns: the table's columns, if the name is not enough to tell the table from those of other tools.
  ///   - rivals: tables of another tool whose history table looks the same.
  ///   - times: columns of which `decode` only tells NULL from other values.
  ///   - order: the column by which later rows are told from earlier ones; nil if each version has one row.
  ///   - others: further tables of the tool, in lower case.
  ///   - known: the migrations in ascending order, for tables that record only the last one.
  ///   - decode: interprets the values of `columns` in one row.
  ///   - insert: the statements that record a migration, which took so many milliseconds.
  ///   - delete: the statement that removes the record of a version.
  ///   - settle: the statement that makes a migration which is marked as half done one that was applied, or else one
  ///     that was never begun; nil if the tool doesn't mark them.
  ///   - checksum: the checksum that is recorded for a file with this text; nil if none is.
  ///   - rules: how the tool compares checksums.
  ///   - mustExist: whether a database without the table is left alone, since only the application creates it.
  ///   - hasNoObstacle: whether the types of the columns alone, by name, show that there is no obstacle.
  ///   - obstacle: finds a reason to leave the database alone, such as a lock that a crash has left.
  init(
    tool: String, name table: String, create: [String], columns: [String],
    isOnlyWith onlyColumns: [String]? = nil, isNotBeside rivals: [String] = [],
    onlyNullOf times: Set<String> = [],
    order: String? = nil, others: Set<String> = [], known: [Migration] = [],
    decode: @escaping @Sendable ([Value]) -> Row,
    insert: @escaping @Sendable (Migration, Double) -> [(sql: String, values: [Value])],
    delete: @escaping @Sendable (MigrationVersion) -> (sql: String, values: [Value]),
    settle: (@Sendable (MigrationVersion, Bool) -> (sql: String, values: [Value]))? = nil,
    checksum: (@Sendable (String, Migration) -> String)? = nil, _ rules: ChecksumRules = ChecksumRules(),
    mustExist: Bool = false, hasNoObstacle: (@Sendable ([String: String]) -> Bool)? = nil,
    obstacle: (@Sendable (Connection) throws(SQLiteError) -> String?)? = nil
  ) {
    (self.tool, self.table, createStatements, self.columns) = (tool, table, create, columns)
    (self.onlyColumns, self.rivals, self.times, self.order) = (onlyColumns, rivals, times, order)
    (self.others, self.known) = (others, known)
    (self.decode, self.insert, self.delete, self.settle) = (decode, insert, delete, settle)
    (digest, checksumRules, self.mustExist) = (checksum, rules, mustExist)
    (self.hasNoObstacle, findObstacle) = (hasNoObstacle, obstacle)
  }

  /// Describes a table that has one row for each version, a text, and neither names nor checksums.
  ///
  /// - Parameters:
  ///   - tool: the name of the tool.
  ///   - table: the table's name.
  ///   - create: the statement that creates the table, as the tool does, if it doesn't exist.
  ///   - column: the column with the version.
  ///   - time: the column with the time of recording, which tells the table from others; nil if there is none.
  ///   - now: the SQL of the time that the tool writes; nil if the column has it as its default.
  ///   - isAlone: whether the table has no other columns.
  ///   - rivals: tables of another tool whose history table looks the same.
  ///   - migrations: the migrations, which have the names.
  init(
    tool: String, name table: String, create: String, version column: String, time: String? = nil,
    now: String? = nil, isAlone: Bool = false, isNotBeside rivals: [String] = [], of migrations: [Migration]
  ) {
    let names = migrations.namesByVersion
    let table = (name: table, sql: quoted(table))
    let insert =
      if let time, let now {
        "INSERT INTO \(table.sql) (\(column), \(time)) VALUES (?, \(now))"
      } else {
        "INSERT INTO \(table.sql) (\(column)) VALUES (?)"
      }
    self.init(
      tool: tool, name: table.name, create: [create], columns: [column] + [time].compactMap { $0 },
      isOnlyWith: isAlone ? [column] : nil, isNotBeside: rivals, onlyNullOf: Set([time].compactMap { $0 }),
      decode: { row in
        guard let text = row[0].asText else { return .unreadable }
        let version = MigrationVersion(text)
        return .applied(RecordedMigration(version, names[version] ?? ""))
      },
      insert: { migration, _ in [(insert, [.text("\(migration.version ?? 0)")])] },
      delete: { ("DELETE FROM \(table.sql) WHERE \(column) = ?", [.text("\($0)")]) })
  }

  /// The table's name, in lower case.
  public var name: String { table.folded }

  /// The history table, and further tables of the tool.
  public var ownTables: Set<String> { others.union([name]) }

  /// Reads the table, provided that it exists and has the tool's columns.
  public func read(_ database: Connection) throws(SQLiteError) -> History {
    let found = try database.rows("SELECT name FROM pragma_table_xinfo(?, 'main')", [.text(table)]) {
      $0.text(0)?.folded ?? ""
    }
    guard isOwn(found), try !hasRival(database) else {
      let foreign = try ForeignHistory(in: database, apartFrom: ownTables, columns: found, of: table)
      let obstacle = mustExist ? "there is no table \(table) with the columns that fleet.yml names" : nil
      return History(recorded: nil, foreign: foreign, obstacle: obstacle)
    }
    let list = columns.map { quoted($0) }.joined(separator: ", ")
    // The rows themselves count, and not what an index has of them.
    let sql =
      "SELECT \(list) FROM main.\(quoted(table)) NOT INDEXED"
      + (order.map { " ORDER BY \(quoted($0))" } ?? "")
    let rows = try database.rows(sql, atMost: .history(of: table)) { row in columns.indices.map(row.value) }
    let obstacle: String? = if let findObstacle { try findObstacle(database) } else { nil }
    return history(rows, obstacle)
  }

  /// Whether a table with these columns is that of the tool.
  private func isOwn(_ found: [String]) -> Bool {
    !found.isEmpty && (onlyColumns.map { $0 == found } ?? Set(found).isSuperset(of: columns.map(\.folded)))
  }

  /// Returns false for a table that only the application creates.
  public var canBeMissing: Bool { !mustExist }

  /// Whether there is a table of another tool whose history table looks the same.
  public func isContested(in schema: Schema) -> Bool { rivals.contains { schema.layout(of: $0) != nil } }

  /// Finds the layout by creating the table in an in-memory database. There is none if more than the table counts.
  public func layout(of sql: String) -> (any HistoryRowLayout)? {
    guard findObstacle == nil || hasNoObstacle != nil else { return nil }
    let isFit = { (found: TableColumns) in
      isOwn(found.columns.map(\.name)) && hasNoObstacle?(found.types) ?? true
    }
    return ToolHistoryLayout(
      sql, table: name, columns: columns, times: times, order: order, isFit: isFit
    ) { rows in history(rows, nil) }
  }

  /// Whether a table shows that the history is that of another tool.
  private func hasRival(_ database: Connection) throws(SQLiteError) -> Bool {
    for rival in rivals {
      let sql = "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE"
      if try database.scalar(sql, [.text(rival)]) != nil { return true }
    }
    return false
  }

  private func history(_ rows: [[Value]], _ obstacle: String?) -> History {
    var obstacle = obstacle
    var records: [RecordedMigration] = []
    /// The migrations up to a version that are not recorded yet.
    func others(until version: MigrationVersion) -> [RecordedMigration] {
      let recorded = Set(records.map(\.version))
      return known.compactMap { migration in
        guard let number = migration.version, number <= version, !recorded.contains(number) else {
          return nil
        }
        return RecordedMigration(number, migration.name)
      }
    }
    for row in rows {
      switch decode(row) {
      case .applied(let record): records.append(record)
      case .appliedUpTo(let record): records += others(until: record.version) + [record]
      case .baseline(let version): records += others(until: version)
      case .removed(let version): records.removeAll { $0.version == version }
      case .none: break
      case .unreadable:
        obstacle =
          "\(table) has a row that \(tool) doesn't write: find out who wrote it, and correct it there"
      }
    }
    return History(records, obstacle: obstacle)
  }

  /// Creates the table exactly as the tool does.
  public func create(in database: Connection) throws(SQLiteError) {
    for statement in createStatements { try database.execute(statement) }
  }

  /// Records a migration as the tool does.
  public func record(
    _ migration: Migration, milliseconds: Double, _ write: (_ sql: String, _ values: [Value]) throws -> Void
  ) throws {
    for (sql, values) in insert(migration, milliseconds) { try write(sql, values) }
  }

  /// Deletes the record of a version.
  public func removeRecord(of version: MigrationVersion, in database: Connection) throws(SQLiteError) {
    let (sql, values) = delete(version)
    try database.execute(sql, values)
  }

  /// The statement that settles a migration which the tool has marked as half done.
  public func settlement(of version: MigrationVersion, isApplied: Bool) -> (sql: String, values: [Value])? {
    settle?(version, isApplied)
  }

  /// The checksum that the tool records.
  public func checksum(of text: String, _ migration: Migration) -> String? { digest?(text, migration) }
}

extension Value {
  /// A text or an integer as text; nil for any other type.
  var asText: String? { text ?? integer.map { "\($0)" } }
}
