public import SQLite

/// What a database says of itself in `schema_migrations`.
public struct History: Hashable, Sendable {
  /// The name by version, or nil where there is no such table: the database is untracked.
  public let recorded: [Int64: String]?
  /// Versions that were recorded after a higher one, as far as `applied_at` tells, with the lowest such.
  public let late: [Int64: Int64]

  /// Wraps recorded versions.
  public init(recorded: [Int64: String]?) {
    self.recorded = recorded
    late = [:]
  }

  /// Reads the table, if it is there.
  public init(reading database: Connection) throws(SQLiteError) {
    guard try Condition.table("schema_migrations").holds(in: database) else {
      self.init(recorded: nil)
      return
    }
    typealias Row = (version: Int64, name: String, time: Int64?)
    let read = { (time: String) throws(SQLiteError) -> [Row] in
      try database.rows("SELECT version, name, \(time) FROM schema_migrations", atMost: .history) { row in
        (row.int(0), row.text(1) ?? "", row.text(2).flatMap { Int64($0) })
      }
    }
    let rows: [Row]
    do {
      rows = try read("CASE typeof(applied_at) WHEN 'text' THEN unixepoch(applied_at) END")
    } catch  where error.code == .error {
      rows = try read("NULL")  // a table without the column
    }
    self.init(rows)
  }

  /// From the table's rows: version, name, and `applied_at` in seconds since 1970 where it tells a time.
  public init(_ rows: [(version: Int64, name: String, time: Int64?)]) {
    recorded = Dictionary(rows.map { ($0.version, $0.name) }) { _, last in last }
    late = Self.late(rows.map { ($0.version, $0.time) })
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
