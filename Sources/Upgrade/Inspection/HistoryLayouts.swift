internal import Migrations
internal import Synchronization

/// Caches the layouts of history tables by their SQL. A fleet usually has only one or two.
final class HistoryLayouts: Sendable {
  private let limit = 64
  private let layouts = Mutex<[String: (any HistoryRowLayout)?]>([:])

  /// The layout of the table that the SQL creates; nil if SQLite has to read it.
  func layout(of sql: String, in table: any HistoryTable) -> (any HistoryRowLayout)? {
    layouts.withLock { layouts in
      if let known = layouts[sql] { return known }
      if layouts.count >= limit { layouts = [:] }
      let layout = table.layout(of: sql)
      layouts[sql] = .some(layout)
      return layout
    }
  }
}
