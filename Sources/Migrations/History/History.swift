internal import SQLite
public import Schema

/// Which migrations a database records, as a `HistoryTable` reads them.
public struct History: Hashable, Sendable {
  /// The name by version, or nil where there is no such table: the database is untracked.
  public let recorded: [MigrationVersion: String]?
  /// Versions that were recorded after a higher one, as far as `applied_at` tells, with the lowest such.
  public let late: [MigrationVersion: MigrationVersion]

  /// Whose history the database has instead of one that this program can keep; nil where there is none.
  public let foreign: ForeignHistory?

  /// Wraps recorded versions.
  public init(recorded: [MigrationVersion: String]?, foreign: ForeignHistory? = nil) {
    self.recorded = recorded
    self.foreign = foreign
    late = [:]
  }

  /// From the table's rows: version, name, and `applied_at` in seconds since 1970 where it tells a time.
  public init(_ rows: [(version: MigrationVersion, name: String, time: Int64?)]) {
    recorded = Dictionary(rows.map { ($0.version, $0.name) }) { _, last in last }
    late = Self.late(rows.map { ($0.version, $0.time) })
    foreign = nil
  }

  /// Versions in one second tell nothing of their order.
  private static func late(_ rows: [(version: MigrationVersion, time: Int64?)]) -> [MigrationVersion:
    MigrationVersion]
  {
    var late: [MigrationVersion: MigrationVersion] = [:]
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
  public var version: MigrationVersion? { recorded.map { $0.keys.max() ?? 0 } }

  /// The recorded versions in order.
  public var versions: [MigrationVersion] { recorded.map { $0.keys.sorted() } ?? [] }
}
