internal import SQLite
public import Schema

/// The migrations that a database records, as a ``HistoryTable`` reads them.
///
/// ```swift
/// let history = try SchemaMigrationsTable().read(database)
/// if let version = history.version {
///   print("at version \(version), \(history.versions.count) recorded")
/// }
/// ```
///
/// ``MigrationSet/plan(for:upTo:)`` compares a history with the migration files.
public struct History: Hashable, Sendable {
  /// The names by version; nil if there is no history table, so the database is untracked.
  public let recorded: [MigrationVersion: String]?
  /// Versions that were recorded after a higher one, each with the lowest such version. Rows without a time in
  /// `applied_at` are not considered.
  public let late: [MigrationVersion: MigrationVersion]

  /// The history of another tool that the database has instead of the one that these migrations have; nil if there is none.
  public let foreign: ForeignHistory?

  /// Why migrations may be half done, by version, as the tool that ran them has marked them. Such a database is left
  /// alone. The versions are not in `recorded`.
  public let unfinished: [MigrationVersion: String]

  /// Why the history can't be used, such as a lock that a crashed tool has left; nil if it can.
  public let obstacle: String?

  /// The checksums of the files as they were when they were applied, by version, where the table has them.
  public let checksums: [MigrationVersion: String]

  /// Creates a history from recorded versions.
  public init(
    recorded: [MigrationVersion: String]?, foreign: ForeignHistory? = nil, obstacle: String? = nil
  ) {
    self.recorded = recorded
    self.foreign = foreign
    self.obstacle = obstacle
    (late, unfinished, checksums) = ([:], [:], [:])
  }

  /// Creates a history from the table's rows.
  ///
  /// - Parameters:
  ///   - rows: the rows in the order in which the table has them. The last row of a version counts.
  ///   - obstacle: why the history can't be used.
  public init(_ rows: [RecordedMigration], obstacle: String? = nil) {
    var last: [MigrationVersion: RecordedMigration] = [:]
    for row in rows { last[row.version] = row }
    let applied = last.filter { $0.value.unfinished == nil }
    recorded = applied.mapValues(\.name)
    unfinished = last.compactMapValues(\.unfinished)
    checksums = applied.compactMapValues(\.checksum)
    late = Self.late(rows.map { ($0.version, $0.time) })
    foreign = nil
    self.obstacle = obstacle
  }

  /// Hashes what is quickly hashed; histories of one fleet differ mostly in their length.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(recorded?.count)
    hasher.combine(late.count)
    hasher.combine(unfinished.count)
    hasher.combine(checksums.count)
    hasher.combine(foreign)
    hasher.combine(obstacle)
  }

  /// Finds versions recorded out of order. Versions recorded in the same second count as in order.
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

  /// The highest recorded version; nil if the database is untracked.
  public var version: MigrationVersion? { recorded.map { $0.keys.max() ?? 0 } }

  /// The recorded versions in ascending order.
  public var versions: [MigrationVersion] { recorded.map { $0.keys.sorted() } ?? [] }
}
