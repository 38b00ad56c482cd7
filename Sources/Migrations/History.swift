public import SQLite

/// What a database says of itself in `schema_migrations`.
public struct History: Hashable, Sendable {
  /// The name by version, or nil where there is no such table: the database is untracked.
  public let recorded: [Int64: String]?
  /// Versions that were recorded after a higher one, as far as `applied_at` tells, with the lowest such.
  public let late: [Int64: Int64]

  /// Whose history the database has instead of one that this program can keep; nil where there is none.
  public let foreign: ForeignHistory?

  /// The name of the table.
  public static let name = "schema_migrations"

  /// Wraps recorded versions.
  public init(recorded: [Int64: String]?, foreign: ForeignHistory? = nil) {
    self.recorded = recorded
    self.foreign = foreign
    late = [:]
  }

  /// Reads the table, if it is there and has the columns `version` and `name`.
  public init(reading database: Connection) throws(SQLiteError) {
    let read = { (time: String) throws(SQLiteError) -> [(version: Int64, name: String, time: Int64?)] in
      try database.rows("SELECT version, name, \(time) FROM main.\(Self.name)", atMost: .history) { row in
        (version: row.int(0), name: row.text(1) ?? "", time: row.text(2).flatMap { Int64($0) })
      }
    }
    do {
      // As nearly every table is. Names that are no columns are an error: they stand in no quotes.
      self.init(try read("CASE typeof(applied_at) WHEN 'text' THEN unixepoch(applied_at) END"))
      return
    } catch  where error.code == .error {
      // There is no such table, or it has other columns.
    }
    let columns = try database.rows("SELECT name FROM pragma_table_xinfo(?, 'main')", [.text(Self.name)]) {
      $0.text(0)?.folded ?? ""
    }
    guard columns.contains("version"), columns.contains("name") else {
      self.init(recorded: nil, foreign: try ForeignHistory(in: database, columns))
      return
    }
    self.init(try read("NULL"))
  }

  /// The names of the triggers on the table, temporary ones included.
  static func triggers(in database: Connection) throws(SQLiteError) -> [String] {
    try database.rows(
      """
      SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE
      UNION ALL SELECT name FROM sqlite_temp_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE
      """, [.text(Self.name)]
    ) { $0.text(0) ?? "" }
  }

  /// From the table's rows: version, name, and `applied_at` in seconds since 1970 where it tells a time.
  public init(_ rows: [(version: Int64, name: String, time: Int64?)]) {
    recorded = Dictionary(rows.map { ($0.version, $0.name) }) { _, last in last }
    late = Self.late(rows.map { ($0.version, $0.time) })
    foreign = nil
  }

  /// Versions in one second tell nothing of their order.
  private static func late(_ rows: [(version: Int64, time: Int64?)]) -> [Int64: Int64] {
    var late: [Int64: Int64] = [:]
    let timed = rows.compactMap { row in row.time.map { (version: row.version, time: $0) } }
      .sorted { $0.version < $1.version }
    var earliest = Int64.max
    for (place, row) in timed.enumerated().reversed() {
      if earliest < row.time {
        late[row.version] = timed[(place + 1)...].first { $0.time < row.time }?.version
      }
      earliest = min(earliest, row.time)
    }
    return late
  }

  /// The highest recorded version; nil where the database is untracked.
  public var version: Int64? { recorded.map { $0.keys.max() ?? 0 } }

  /// The recorded versions in order.
  public var versions: [Int64] { recorded.map { $0.keys.sorted() } ?? [] }

  /// The table as the application makes it.
  static let table = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
      version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)
    """
}

/// What is to be done with one database.
public struct Plan: Sendable {
  /// Whether the baseline runs first.
  public let baseline: Migration?
  /// The migrations to apply, in order.
  public let pending: [Migration]
  /// Recorded versions that this set doesn't have: the database is ahead and is left alone.
  public let unknown: [Int64]
  /// Versions recorded under another name than the file's: version, recorded name.
  public let renamed: [Int64: String]

  /// Makes a plan by hand, such as a part of another.
  public init(
    baseline: Migration?, pending: [Migration], unknown: [Int64] = [], renamed: [Int64: String] = [:]
  ) {
    self.baseline = baseline
    self.pending = pending
    self.unknown = unknown
    self.renamed = renamed
  }

  /// Whether there is nothing to do.
  public var isCurrent: Bool { unknown.isEmpty && pending.isEmpty && baseline == nil }
  /// Whether the database was written by a newer version of the application.
  public var isAhead: Bool { !unknown.isEmpty }
}

extension MigrationSet {
  /// What applying this set to a database with that history takes: every version that isn't recorded, in order.
  ///
  /// - Parameters:
  ///   - history: what the database records.
  ///   - target: the highest version to apply, or nil for all.
  /// - Returns: what is to be done.
  public func plan(for history: History, upTo target: Int64? = nil) -> Plan {
    let known = Set(migrations.compactMap(\.version))
    let recorded = history.recorded ?? [:]
    return Plan(
      baseline: history.recorded == nil ? baseline : nil,
      pending: migrations.filter { migration in
        guard let version = migration.version else { return false }
        return recorded[version] == nil && version <= target ?? .max
      },
      unknown: recorded.keys.filter { !known.contains($0) }.sorted(),
      renamed: recorded.filter { version, name in known.contains(version) && self.name(of: version) != name })
  }
}
