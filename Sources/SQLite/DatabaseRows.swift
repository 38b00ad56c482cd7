/// One row of a table, valid during the call that provides it.
public struct StoredRow {
  /// A column's value as it is stored.
  public enum Column {
    /// NULL, also stored for a column that is an alias of the row's number.
    case null
    /// An integer.
    case integer(Int64)
    /// Text, which may be invalid UTF-8.
    case text(UnsafeRawBufferPointer)
    /// Bytes.
    case blob(UnsafeRawBufferPointer)
    /// A number with a fraction.
    case other
  }

  /// The row's number.
  public let id: Int64
  let payload: PageBytes
  let fields: [(type: Int, offset: Int)]

  /// How many columns are stored. Rows that are older than a column don't store it.
  public var count: Int { fields.count }

  /// The value of a column; nil if the row doesn't store it.
  public func column(_ index: Int) -> Column? {
    guard fields.indices.contains(index) else { return nil }
    let (type, offset) = fields[index]
    switch type {
    case 0: return .null
    case 1...6:
      let size = Self.size(of: type)
      guard let bits = payload.unsigned(offset, bytes: size) else { return nil }
      let shift = UInt64(64 - 8 * size)
      return .integer(Int64(bitPattern: bits << shift) >> Int64(shift))
    case 8, 9: return .integer(Int64(type - 8))
    case 13... where type % 2 == 1: return payload.range(offset, (type - 13) / 2).map { .text($0) }
    case 12... where type % 2 == 0: return payload.range(offset, (type - 12) / 2).map { .blob($0) }
    default: return .other
    }
  }

  /// The size of a value in bytes, as defined in https://sqlite.org/fileformat2.html#record_format
  static func size(of type: Int) -> Int {
    switch type {
    case 0, 8, 9: 0
    case 1...4: type
    case 5: 6
    case 6, 7: 8
    default: (type - 12) / 2
    }
  }

  /// Parses a record; nil unless its header and its values fill the payload exactly.
  init?(_ id: Int64, _ payload: PageBytes, limit: Int) {
    guard let (stored, start) = payload.varint(0), let end = Int(exactly: stored), end <= payload.count
    else { return nil }
    var at = start
    var offset = end
    var fields: [(type: Int, offset: Int)] = []
    fields.reserveCapacity(8)
    while at < end {
      guard let (stored, next) = payload.varint(at), next <= end, stored <= 0x7fff_ffff, stored != 10,
        stored != 11, fields.count < limit
      else { return nil }
      let type = Int(stored)
      fields.append((type, offset))
      offset += Self.size(of: type)
      guard offset <= payload.count else { return nil }
      at = next
    }
    guard at == end, offset == payload.count else { return nil }
    self.id = id
    self.payload = payload
    self.fields = fields
  }
}

extension DatabasePages {
  /// More than any schema or history needs. Larger tables are left to SQLite, which can be interrupted.
  private static let limits = (
    pages: 4096, rows: 16384, columns: 64, depth: 20, row: 1 << 20, bytes: 16 << 20
  )

  /// Calls `body` with each row of the table whose first page is `root`, in ascending order of the row numbers.
  ///
  /// - Parameters:
  ///   - root: the table's first page. sqlite_schema has page 1.
  ///   - body: receives a row, and returns false to stop, for example if it can't interpret the row.
  /// - Returns: whether all rows were read and `body` returned true for each.
  public func forEachRow(from root: Int, _ body: (StoredRow) -> Bool) -> Bool {
    // Each page is used only once, so visiting more pages than the file has means that there is a cycle.
    var budget = Budget(
      pages: min(count, Self.limits.pages), rows: Self.limits.rows, bytes: Self.limits.bytes)
    var ahead = [(page: root, depth: 1)]
    while let (number, depth) = ahead.popLast() {
      budget.pages -= 1
      guard budget.pages >= 0, depth <= Self.limits.depth, let page = page(number, in: 0) else {
        return false
      }
      let start = number == 1 ? 100 : 0
      guard let kind = page.byte(start), kind == 5 || kind == 13,
        let cells = page.number(start + 3, bytes: 2), cells > 0 || (number == root && kind == 13),
        cells <= budget.rows
      else { return false }
      let first = start + (kind == 5 ? 12 : 8)
      let isCell = { (at: Int) in at >= first + 2 * cells && at <= page.count - 4 }
      if kind == 5 {
        guard let last = page.number(start + 8, bytes: 4) else { return false }
        ahead.append((last, depth + 1))
        for cell in (0..<cells).reversed() {
          guard let at = page.number(first + 2 * cell, bytes: 2), isCell(at), page.varint(at + 4) != nil,
            let child = page.number(at, bytes: 4)
          else { return false }
          ahead.append((child, depth + 1))
        }
      } else {
        budget.rows -= cells
        for cell in 0..<cells {
          guard let at = page.number(first + 2 * cell, bytes: 2), isCell(at),
            take(page, at, &budget, body)
          else { return false }
        }
      }
    }
    return true
  }

  /// How much one traversal may still read.
  private struct Budget {
    var pages: Int, rows: Int, bytes: Int
  }

  /// Passes one cell of a leaf to `body`. Sizes are as in https://sqlite.org/fileformat2.html#b_tree_pages
  private func take(
    _ page: PageBytes, _ at: Int, _ budget: inout Budget, _ body: (StoredRow) -> Bool
  ) -> Bool {
    guard let (stored, next) = page.varint(at), let (id, start) = page.varint(next), stored > 0,
      stored <= UInt64(min(Self.limits.row, budget.bytes))
    else { return false }
    let size = Int(stored)
    budget.bytes -= size
    let most = usable - 35
    let least = (usable - 12) * 32 / 255 - 23
    let fitting = least + (size - least) % (usable - 4)
    let local = size <= most ? size : fitting <= most ? fitting : least
    guard let part = page.range(start, local) else { return false }
    guard local < size else { return hand(over: PageBytes(part), id, body) }
    guard var follower = page.number(start + local, bytes: 4) else { return false }
    var payload = [UInt8](part)
    payload.reserveCapacity(min(size, count * usable))
    while payload.count < size {
      budget.pages -= 1
      guard budget.pages >= 0, let more = self.page(follower, in: 1), let next = more.number(0, bytes: 4),
        let part = more.range(4, min(size - payload.count, usable - 4))
      else { return false }
      payload.append(contentsOf: part)
      follower = next
    }
    return payload.withUnsafeBytes { hand(over: PageBytes($0), id, body) }
  }

  private func hand(over payload: PageBytes, _ id: UInt64, _ body: (StoredRow) -> Bool) -> Bool {
    StoredRow(Int64(bitPattern: id), payload, limit: Self.limits.columns).map(body) ?? false
  }
}
