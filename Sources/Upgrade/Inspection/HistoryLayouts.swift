internal import Migrations
internal import Synchronization

/// Layouts by the text of the table, each found out once; few, as a fleet has one or two.
final class HistoryLayouts: Sendable {
  private let limit = 64
  private let layouts = Mutex<[String: (any HistoryRowLayout)?]>([:])

  /// The layout of the table that this text makes; nil where SQLite has to read it.
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
