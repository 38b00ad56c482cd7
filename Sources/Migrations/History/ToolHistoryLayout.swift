internal import SQLite
internal import Synchronization

/// The positions of a tool's columns in the stored rows of its history table.
///
/// Most databases of a fleet record the same. Their rows are decoded once.
final class ToolHistoryLayout: HistoryRowLayout {
  /// A column and what is read of it.
  private struct Position {
    let column: Int
    let isRowID: Bool
    /// Whether only NULL is told from other values.
    let isNullness: Bool
  }

  let allowsIndexes = true
  private let positions: [Position]
  /// The position by which rows are sorted; nil if they aren't.
  private let order: Position?
  private let fold: @Sendable ([[Value]]) -> History
  private let known = Mutex<[EncodedRows: History]>([:])
  /// How many histories are kept.
  private let limit = 64

  /// Creates the layout of the table that `sql` creates; nil if SQLite has to read it.
  ///
  /// - Parameters:
  ///   - sql: the statement.
  ///   - table: the table's name in lower case.
  ///   - columns: the columns to read.
  ///   - times: those of the columns of which only NULL is told from other values.
  ///   - order: the column by which the rows are sorted.
  ///   - isFit: whether nothing but the rows of a table with these columns counts.
  ///   - fold: makes a history of the values of `columns` in all rows.
  init?(
    _ sql: String, table: String, columns: [String], times: Set<String>, order: String?,
    isFit: (TableColumns) -> Bool, fold: @escaping @Sendable ([[Value]]) -> History
  ) {
    guard let definition = TableColumns(of: table, sql), isFit(definition),
      // A column can compare texts in another order than by their bytes.
      !SQLTokenizer(sql).contains(where: { $0.isKeyword("collate") })
    else { return nil }
    let found = definition.columns
    func position(of name: String) -> Position? {
      guard let place = found.firstIndex(where: { $0.name == name.folded }),
        // A column of the type REAL stores whole numbers as integers.
        !["real", "floa", "doub"].contains(where: found[place].type.contains)
      else { return nil }
      return Position(column: place, isRowID: found[place].isRowID, isNullness: times.contains(name))
    }
    positions = columns.compactMap(position)
    self.order = order.flatMap(position)
    self.fold = fold
    guard positions.count == columns.count, order == nil || self.order != nil else { return nil }
  }

  func history(_ forEachRow: ((StoredRow) -> Bool) -> Bool) -> History? {
    var rows = EncodedRows()
    var orders: [Value] = []
    let isRead = forEachRow { row in
      if let order {
        guard let value = Self.value(row, order) else { return false }
        orders.append(value)
      }
      rows.beginRow()
      return positions.allSatisfy { Self.append($0, of: row, to: &rows) }
    }
    guard isRead, order == nil || rows.sort(by: orders, width: positions.count) else { return nil }
    if let history = known.withLock({ $0[rows] }) { return history }
    let history = fold(rows.values(width: positions.count))
    known.withLock { known in
      if known.count >= limit { known = [:] }
      known[rows] = history
    }
    return history
  }

  /// Appends a value as it is stored; false if only SQLite can read it.
  private static func append(_ position: Position, of row: StoredRow, to rows: inout EncodedRows) -> Bool {
    switch row.column(position.column) {
    case .null?: position.isRowID ? rows.append(row.id) : rows.appendNull()
    case .integer? where position.isNullness, .text? where position.isNullness: rows.append(1)
    case .integer(let number)? where !position.isRowID: rows.append(number)
    case .text(let text)? where !position.isRowID: rows.append(text, isText: true)
    case .blob(let bytes)? where !position.isRowID: rows.append(bytes, isText: false)
    default: return false
    }
    return true
  }

  /// A value by which rows are sorted; nil if only SQLite can compare it.
  private static func value(_ row: StoredRow, _ position: Position) -> Value? {
    switch row.column(position.column) {
    case .null?: position.isRowID ? .integer(row.id) : .null
    case .integer(let number)? where !position.isRowID: .integer(number)
    case .text(let text)? where !position.isRowID: .text(String(decoding: text, as: UTF8.self))
    default: nil
    }
  }
}
