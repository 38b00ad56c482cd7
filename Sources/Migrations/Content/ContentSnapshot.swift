internal import SQLite

/// Digests of a table's rows, or of a sample of them, for a later comparison.
struct ContentSnapshot {
  /// The parts of a table's layout that matter for reading its rows. Names are case-folded.
  struct Layout {
    /// The columns that store values, in order.
    let columns: [String]
    /// The primary key's columns; empty if the table has no primary key.
    let key: [String]
    /// Whether the table is a WITHOUT ROWID table.
    let isWithoutRowID: Bool

    /// Reads the layout; nil for a virtual table, since its module decides how to store the content.
    init?(of table: String, in database: Connection) throws(SQLiteError) {
      let sql = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE"
      guard let text = try database.scalar(sql, [.text(table)])?.text else { return nil }
      // SQLite normalizes the beginning of the text to single spaces between words.
      guard !text.prefix(14).folded.hasPrefix("create virtual") else { return nil }
      let all = try database.rows("PRAGMA main.table_xinfo(\(quoted(table)))") {
        (name: $0.text(1)?.folded ?? "", place: $0.int(5), isHidden: $0.int(6) != 0)
      }
      let columns = all.filter { !$0.isHidden }
      self.columns = columns.map(\.name)
      key = columns.filter { $0.place > 0 }.sorted { $0.place < $1.place }.map(\.name)
      let options = text.utf8.lastIndex(of: UInt8(ascii: ")")).map { text[$0...].folded } ?? ""
      isWithoutRowID = options.contains("without")
    }

    /// The name of the row number that no column hides; nil if there is none.
    var rowID: String? {
      isWithoutRowID ? nil : ["_rowid_", "rowid", "oid"].first { !columns.contains($0) }
    }
  }

  /// A table with more values or bytes than this is sampled; `sample` and `block` are the sizes of a sample and its
  /// blocks, in rows.
  static let limits = (values: 262_144, bytes: 16 << 20, sample: 2048, block: 32)

  let layout: Layout
  /// How many rows the table has.
  let total: Int
  /// Whether the snapshot covers only a part of the rows.
  private(set) var isSample = false
  /// Digests of the rows' keys, or of the row numbers if there is no primary key; 0 for a key that contains NULL.
  private(set) var keys: [UInt64] = []
  /// The keys themselves, kept only for a sample.
  private(set) var keyValues: [[Value]] = []
  /// The rows' values, row by row. The high half of each is a digest of the value, 0 for NULL. The low half is a digest
  /// of the result of CAST AS INTEGER.
  private(set) var cells: [UInt64] = []

  /// The number of rows in the snapshot.
  var count: Int { keys.count }

  /// Reads the rows of `table`, which has `total` rows; nil for a virtual table.
  init?(of table: String, total: Int, in database: Connection) throws {
    guard let layout = try Layout(of: table, in: database) else { return nil }
    self.layout = layout
    self.total = total
    let key = layout.key.isEmpty ? [layout.rowID].compactMap(\.self) : layout.key
    let list = (key + layout.columns).map(quoted).joined(separator: ", ")
    let source = "SELECT \(list) FROM main.\(quoted(table))"
    var isWhole = total * layout.columns.count <= Self.limits.values
    if isWhole {
      var bytes = 0
      let statement = try database.prepare(source)
      while isWhole, try statement?.step() == true {
        if let statement { bytes += append(statement, keyed: key.count, keepingKey: false) }
        isWhole = bytes <= Self.limits.bytes
      }
    }
    isSample = !isWhole
    guard isSample else { return }
    (keys, cells) = ([], [])
    try sample(source, table, keyed: key.count, in: database)
  }

  /// Reads blocks of rows from all over the table, or its first rows if it has no row numbers.
  private mutating func sample(_ source: String, _ table: String, keyed: Int, in database: Connection) throws
  {
    guard let rowID = layout.rowID else {
      try take(database.prepare("\(source) LIMIT \(Self.limits.sample)"), [], keyed)
      return
    }
    let ends = try database.rows("SELECT min(\(rowID)), max(\(rowID)) FROM main.\(quoted(table))") {
      (first: $0.int(0), last: $0.int(1))
    }
    guard var (first, last) = ends.first else { return }
    let statement = try database.prepare(
      "\(source) WHERE \(rowID) BETWEEN ? AND ? ORDER BY \(rowID) LIMIT \(Self.limits.block)")
    // A few rows with numbers far from all others would make most blocks empty. They are read separately, and the
    // remaining range is divided into blocks.
    while Self.distance(first, last) > UInt64(total) {
      let middle = first &+ Int64(bitPattern: Self.distance(first, last) / 2)
      let high = try Self.isSparse(rowID, table, middle + 1, last, in: database)
      let low = try Self.isSparse(rowID, table, first, middle, in: database)
      if high {
        try take(statement, [.integer(middle + 1), .integer(last)], keyed)
        last = middle
      } else if low {
        try take(statement, [.integer(first), .integer(middle)], keyed)
        first = middle + 1
      } else {
        break
      }
    }
    let blocks = Self.limits.sample / Self.limits.block
    let width = Self.distance(first, last) / UInt64(blocks) + 1
    for block in 0..<UInt64(blocks) where block * width <= Self.distance(first, last) {
      let start = first &+ Int64(bitPattern: block * width)
      let end = first &+ Int64(bitPattern: min(block * width + width - 1, Self.distance(first, last)))
      try take(statement, [.integer(start), .integer(end)], keyed)
    }
  }

  private static func distance(_ one: Int64, _ other: Int64) -> UInt64 {
    UInt64(bitPattern: other) &- UInt64(bitPattern: one)
  }

  /// Whether a range of row numbers has fewer rows than a block.
  private static func isSparse(
    _ rowID: String, _ table: String, _ first: Int64, _ last: Int64, in database: Connection
  ) throws(SQLiteError) -> Bool {
    let sql = """
      SELECT count(*) FROM (
        SELECT 1 FROM main.\(quoted(table)) WHERE \(rowID) BETWEEN ? AND ? LIMIT \(Self.limits.block))
      """
    return try database.scalar(sql, [.integer(first), .integer(last)])?.integer ?? 0 < Self.limits.block
  }

  private mutating func take(_ statement: Statement?, _ values: [Value], _ keyed: Int) throws {
    guard let statement else { return }
    defer { statement.reset() }
    try statement.bind(values)
    var bytes = 0
    while bytes <= Self.limits.bytes, try statement.step() {
      bytes += append(statement, keyed: keyed, keepingKey: true)
    }
  }

  /// - Returns: how many bytes of text and blobs were read.
  private mutating func append(_ row: Statement, keyed: Int, keepingKey: Bool) -> Int {
    var bytes = 0
    keys.append(Self.key(of: row, keyed))
    if keepingKey { keyValues.append((0..<keyed).map { row.value($0) }) }
    row.forEachDigest(in: keyed..<keyed + layout.columns.count) { digest in
      cells.append(Self.cell(digest))
      bytes += digest.bytes
    }
    return bytes
  }

  /// A digest of the row's first columns; 0 if any is NULL, since such a key doesn't identify a row.
  static func key(of row: Statement, _ columns: Int) -> UInt64 {
    var key: UInt64 = 0
    for column in 0..<columns {
      let digest = row.digest(column).value
      guard digest != 0 else { return 0 }
      key = column == 0 ? digest : ValueDigest.combine(key, digest)
    }
    return key
  }

  /// Both digests of a value in one word.
  static func cell(_ digest: ValueDigest) -> UInt64 {
    guard digest.value != 0 else { return 0 }
    return max(1, digest.value >> 32) << 32 | digest.integer >> 32
  }

  /// The digest of the value in a cell; 0 for NULL.
  static func value(_ cell: UInt64) -> UInt32 { UInt32(cell >> 32) }

  /// The digest of the value after CAST AS INTEGER.
  static func integer(_ cell: UInt64) -> UInt32 { max(1, UInt32(truncatingIfNeeded: cell)) }
}
