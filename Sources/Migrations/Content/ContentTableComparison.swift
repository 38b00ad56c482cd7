internal import SQLite

/// Compares the rows of one table with those from before a migration.
struct ContentTableComparison {
  private let database: Connection
  private let table: String
  private let name: String
  private let before: ContentSnapshot
  private let isRebuilt: Bool
  private let hasLost: Bool
  /// The former columns that still exist: their positions in the snapshot, and their old and new names.
  private let columns: [(position: Int, old: String, new: String)]
  private let layout: ContentSnapshot.Layout?
  private let keyNames: [String]

  /// Prepares a comparison.
  ///
  /// - Parameters:
  ///   - database: the database after the migration.
  ///   - table: the table's name before the migration.
  ///   - name: the table's name now.
  ///   - before: the table's rows before the migration.
  ///   - isRebuilt: whether the table was dropped and created again.
  ///   - hasLost: whether the table has lost rows, or may have.
  ///   - column: returns the current name of a column; nil if the column is not to be compared.
  /// - Throws: `SQLiteError` if the table's layout can't be read.
  init(
    _ database: Connection, _ table: String, now name: String, _ before: ContentSnapshot, isRebuilt: Bool,
    hasLost: Bool, column: (String) -> String?
  ) throws(SQLiteError) {
    self.database = database
    self.table = table
    self.name = name
    self.before = before
    self.isRebuilt = isRebuilt
    self.hasLost = hasLost
    let layout = try ContentSnapshot.Layout(of: name, in: database)
    self.layout = layout
    let there = Set(layout?.columns ?? [])
    columns = before.layout.columns.enumerated().compactMap { position, old in
      guard let new = column(old), there.contains(new) else { return nil }
      return (position, old, new)
    }
    keyNames = before.layout.key.compactMap(column)
  }

  /// The differences, in the order of the columns.
  func changes() throws -> [ContentChange] {
    guard let layout, !columns.isEmpty else { return [] }
    if before.layout.key.isEmpty, !isRebuilt { return try changes(by: [layout.rowID].compactMap(\.self)) }
    guard !keyNames.isEmpty, Set(layout.key) == Set(keyNames) else { return try changesWithoutKey(layout) }
    return try changes(by: keyNames)
  }

  private func change(_ kind: ContentChange.Kind, _ column: String?, _ rows: Int, _ compared: Int)
    -> ContentChange
  {
    ContentChange(
      table: table, column: column, kind: kind, rows: rows, compared: compared,
      sampledFrom: before.isSample ? before.total : nil)
  }

  // MARK: With a key

  /// The rows that exist before and after: their positions in the snapshot, and their current values.
  private func matched(by key: [String]) throws -> (rows: [Int], cells: [UInt64]) {
    var (rows, cells): ([Int], [UInt64]) = ([], [])
    let list = columns.map { quoted($0.new) }
    func take(_ row: Int, _ statement: Statement, after keyed: Int) {
      rows.append(row)
      statement.forEachDigest(in: keyed..<keyed + columns.count) { cells.append(ContentSnapshot.cell($0)) }
    }
    if before.isSample {
      let condition = key.map { "\(quoted($0)) = ?" }.joined(separator: " AND ")
      let sql = "SELECT \(list.joined(separator: ", ")) FROM main.\(quoted(name)) WHERE \(condition)"
      guard let statement = try database.prepare(sql) else { return (rows, cells) }
      for row in 0..<before.count where before.keys[row] != 0 {
        try statement.bind(before.keyValues[row])
        if try statement.step() { take(row, statement, after: 0) }
        statement.reset()
      }
      return (rows, cells)
    }
    let known = Dictionary(
      before.keys.enumerated().filter { $0.element != 0 }.map { ($0.element, $0.offset) }
    ) { first, _ in first }
    let sql = "SELECT \((key.map(quoted) + list).joined(separator: ", ")) FROM main.\(quoted(name))"
    guard let statement = try database.prepare(sql) else { return (rows, cells) }
    while try statement.step() {
      guard let row = known[ContentSnapshot.key(of: statement, key.count)] else { continue }
      take(row, statement, after: key.count)
    }
    return (rows, cells)
  }

  private func changes(by key: [String]) throws -> [ContentChange] {
    guard !key.isEmpty else { return [] }
    let (rows, cells) = try matched(by: key)
    let width = before.layout.columns.count
    let pairs = ContentPairs(
      count: rows.count, columns: columns.count,
      before: { row, column in before.cells[rows[row] * width + columns[column].position] },
      now: { row, column in cells[row * columns.count + column] })
    var found: [ContentChange] = []
    let gone = before.keys.count { $0 != 0 } - rows.count
    if !hasLost, gone > 0 { found.append(change(.renumbered, before.layout.key.first, gone, before.count)) }
    if rows.isEmpty, !isRebuilt, !before.isSample, let layout {
      // All keys are new, so the other columns are compared without them.
      return try found + changesWithoutKey(layout).filter { !before.layout.key.contains($0.column ?? "") }
    }
    let data = columns.indices.filter { !before.layout.key.contains(columns[$0].old) }
    if !isRebuilt, let moved = pairs.movedRows(data) { found.append(change(.moved, nil, moved, rows.count)) }
    for column in data {
      guard let (kind, count) = pairs.kind(of: column, among: data, isRebuilt: isRebuilt) else { continue }
      found.append(change(kind, columns[column].old, count, rows.count))
    }
    return found
  }

  // MARK: Without a key

  /// Compares the values column by column, because a rebuild changes the row numbers of rows without a key, and rows
  /// with a different key can't be looked up.
  private func changesWithoutKey(_ layout: ContentSnapshot.Layout) throws -> [ContentChange] {
    guard !before.isSample,
      let after = try ContentSnapshot(of: name, total: before.total, in: database), !after.isSample
    else { return [change(.uncompared, nil, 0, 0)] }
    let width = (before: before.layout.columns.count, after: layout.columns.count)
    let positions = columns.map { column in
      (before: column.position, after: layout.columns.firstIndex(of: column.new) ?? 0)
    }
    var found: [ContentChange] = []
    for (column, position) in zip(columns, positions) {
      var counts: [UInt32: Int] = [:]
      for row in 0..<before.count {
        counts[ContentSnapshot.value(before.cells[row * width.before + position.before]), default: 0] += 1
      }
      var (strange, values) = (0, 0)
      for row in 0..<after.count {
        let value = ContentSnapshot.value(after.cells[row * width.after + position.after])
        if value != 0 { values += 1 }
        if let rest = counts[value], rest > 0 { counts[value] = rest - 1 } else { strange += 1 }
      }
      let had = before.count - (counts[0] ?? 0)
      guard strange > 0 else { continue }
      found.append(change(values == 0 && had > 0 ? .emptied : .changed, column.old, strange, after.count))
    }
    guard found.isEmpty, !hasLost else { return found }
    let (old, new) = (
      rowDigests(before, positions.map(\.before), width.before),
      rowDigests(after, positions.map(\.after), width.after)
    )
    let strange =
      new.count
      - new.reduce(into: (left: old.counts, same: 0)) { state, row in
        guard let rest = state.left[row], rest > 0 else { return }
        state.left[row] = rest - 1
        state.same += 1
      }.same
    return strange == 0 ? [] : [change(.moved, nil, strange, after.count)]
  }

  private func rowDigests(_ snapshot: ContentSnapshot, _ positions: [Int], _ width: Int) -> [UInt64] {
    (0..<snapshot.count).map { row in
      positions.reduce(0) { digest, position in
        ValueDigest.combine(digest, UInt64(ContentSnapshot.value(snapshot.cells[row * width + position])))
      }
    }
  }
}

extension Sequence where Element: Hashable {
  /// The number of occurrences of each element.
  fileprivate var counts: [Element: Int] { reduce(into: [:]) { $0[$1, default: 0] += 1 } }
}
