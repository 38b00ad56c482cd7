internal import SQLite

/// Pairs of rows before and after a migration, and what their differences mean.
struct ContentPairs {
  /// The number of rows.
  let count: Int
  /// The number of columns.
  let columns: Int
  /// The value before, by row and column, encoded as in `ContentSnapshot`.
  let before: (Int, Int) -> UInt64
  /// The value now, by row and column.
  let now: (Int, Int) -> UInt64

  /// Counts the rows that hold what rows with other keys held; nil if the changes don't look like moved rows.
  ///
  /// The evidence is that at least two rows, and at least half of all changed rows, equal exactly one other former row
  /// in all columns, and that most of them differ from their own former values in two or more columns.
  func movedRows(_ columns: [Int]) -> Int? {
    guard columns.count > 1 else { return nil }
    var owners: [UInt64: Int] = [:]
    var digests: [UInt64] = []
    digests.reserveCapacity(count)
    for row in 0..<count {
      let digest = self.digest(row, columns, before)
      digests.append(digest)
      owners[digest] = owners[digest] == nil ? row : -1
    }
    var (changed, moved, wide) = (0, 0, 0)
    for row in 0..<count {
      let digest = self.digest(row, columns, now)
      guard digest != digests[row] else { continue }
      changed += 1
      guard let owner = owners[digest], owner >= 0, owner != row else { continue }
      moved += 1
      if columns.count(where: { !isSame(row, $0) }) > 1 { wide += 1 }
    }
    return moved > 1 && 2 * moved >= changed && 2 * wide > moved ? moved : nil
  }

  /// How a column changed, and how many of its values; nil if it didn't change.
  func kind(of column: Int, among all: [Int], isRebuilt: Bool) -> (kind: ContentChange.Kind, rows: Int)? {
    let changed = (0..<count).filter { !isSame($0, column) }
    guard !changed.isEmpty else { return nil }
    let had = changed.filter { ContentSnapshot.value(before($0, column)) != 0 }
    guard !had.isEmpty else { return (.filled, changed.count) }
    let values = Set((0..<count).map { ContentSnapshot.value(now($0, column)) })
    let earlier = Set((0..<count).map { ContentSnapshot.value(before($0, column)) })
    if values == [0] { return (.emptied, had.count) }
    // A column with two values is a flag, and setting it everywhere can be intended.
    if values.count == 1, earlier.subtracting([0]).count > 2 { return (.levelled, changed.count) }
    if let kind = displacement(of: column, among: all, changed) { return (kind, changed.count) }
    return (isNarrowed(column, had) ? .narrowed : .changed, isRebuilt ? had.count : changed.count)
  }

  /// Whether several values all became the result of CAST AS INTEGER, and not all of them 0.
  private func isNarrowed(_ column: Int, _ rows: [Int]) -> Bool {
    let zero = ContentSnapshot.value(ContentSnapshot.cell(ValueDigest(integer: 0)))
    let values = rows.map { ContentSnapshot.value(now($0, column)) }
    return rows.count > 1 && values.contains { $0 != zero }
      && zip(rows, values).allSatisfy { $1 != 0 && $1 == ContentSnapshot.integer(before($0, column)) }
  }

  /// Whether the column holds the former values of another column, or its own former values in other rows.
  private func displacement(of column: Int, among all: [Int], _ changed: [Int]) -> ContentChange.Kind? {
    let others = all.filter { $0 != column }
    let holds = { (one: Int, other: Int) in
      (0..<count).allSatisfy {
        ContentSnapshot.value(now($0, one)) == ContentSnapshot.value(before($0, other))
      }
    }
    // Copying a column into another is fine. If two columns were exchanged, nothing is lost, but both are wrong.
    if others.contains(where: { holds(column, $0) }), others.contains(where: { holds($0, column) }) {
      return .swapped
    }
    let sum = { (cell: (Int, Int) -> UInt64) in
      changed.reduce(UInt64(0)) {
        $0 &+ ValueDigest.combine(1, UInt64(ContentSnapshot.value(cell($1, column))))
      }
    }
    guard sum(before) == sum(now) else { return nil }
    let distinct = Set(changed.map { ContentSnapshot.value(before($0, column)) }).count
    return distinct > 2 && 2 * distinct >= changed.count ? .moved : nil
  }

  private func isSame(_ row: Int, _ column: Int) -> Bool {
    ContentSnapshot.value(before(row, column)) == ContentSnapshot.value(now(row, column))
  }

  private func digest(_ row: Int, _ columns: [Int], _ cell: (Int, Int) -> UInt64) -> UInt64 {
    columns.reduce(0) { ValueDigest.combine($0, UInt64(ContentSnapshot.value(cell(row, $1)))) }
  }
}
