internal import SQLite
internal import Schema

/// The positions of version, name and time in a stored row of `schema_migrations`.
struct SchemaMigrationsLayout: HistoryRowLayout {
  private let version: Int
  private let name: Int
  /// The position of `applied_at`; nil if there is no such column.
  private let time: Int?
  /// Whether the version is the row's number, in which case the column itself is stored as NULL.
  private let isRowID: Bool

  /// Creates the table alone in an in-memory database and asks SQLite for its layout; nil if SQLite has to decode the
  /// rows (WITHOUT ROWID, an index, generated columns).
  init?(_ sql: String) {
    guard
      let database = try? Connection(path: "", access: .memory, deadline: Deadline(in: .seconds(5))),
      (try? database.execute(sql)) != nil,
      let tables = try? database.rows(
        """
        SELECT s.sql, l.wr, (SELECT count(*) FROM pragma_index_list(s.name))
        FROM sqlite_schema s JOIN pragma_table_list l ON l.schema = 'main' AND l.name = s.name
        WHERE s.type = 'table' AND l.type = 'table' AND s.name = 'schema_migrations'
        """, [], { (sql: $0.text(0), isPlain: $0.int(1) == 0 && $0.int(2) == 0) }),
      tables.count == 1, tables[0].sql == sql, tables[0].isPlain,
      let columns = try? database.rows(
        "SELECT lower(name), pk, hidden FROM pragma_table_xinfo('schema_migrations') ORDER BY cid", [],
        { (name: $0.text(0), isKey: $0.int(1) > 0, isHidden: $0.int(2) != 0) }),
      !columns.contains(where: \.isHidden),
      let version = columns.firstIndex(where: { $0.name == "version" }),
      let name = columns.firstIndex(where: { $0.name == "name" }),
      // A primary key without an index is an alias of the row's number.
      !columns[name].isKey
    else { return nil }
    self.version = version
    self.name = name
    time = columns.firstIndex { $0.name == "applied_at" }
    isRowID = columns[version].isKey
  }

  /// An index can have other content than the rows if the file is damaged.
  var allowsIndexes: Bool { false }

  func history(_ forEachRow: ((StoredRow) -> Bool) -> Bool) -> History? {
    var rows: [RecordedMigration] = []
    var versions: Set<MigrationVersion> = []
    let isRead = forEachRow { row in
      guard let read = read(row) else { return false }
      rows.append(read)
      return versions.insert(read.version).inserted
    }
    return isRead ? History(rows) : nil
  }

  private func read(_ row: StoredRow) -> RecordedMigration? {
    guard let version = version(of: row), let name = name(of: row), let time = time(of: row) else {
      return nil
    }
    return RecordedMigration(MigrationVersion(version), name, time: time.seconds)
  }

  /// The version in a row; nil if it isn't stored as an integer.
  private func version(of row: StoredRow) -> Int64? {
    switch row.column(version) {
    case .null? where isRowID: row.id
    case .integer(let number)? where !isRowID: number
    default: nil
    }
  }

  /// The time in a row, with `seconds` nil if the row has none; nil as a whole if SQLite has to read it.
  private func time(of row: StoredRow) -> (seconds: Int64?, Void)? {
    guard let time else { return (nil, ()) }
    switch row.column(time) {
    case .text(let text)?: return Self.seconds(text).map { ($0, ()) }
    case .null?, .integer?: return (nil, ())
    default: return nil
    }
  }

  /// Converts `2026-01-28 09:30:00`, the format of CURRENT_TIMESTAMP, to seconds since 1970; nil for any other text.
  static func seconds(_ text: UnsafeRawBufferPointer) -> Int64? {
    guard text.count == 19, text[4] == 0x2d, text[7] == 0x2d, text[10] == 0x20, text[13] == 0x3a,
      text[16] == 0x3a
    else { return nil }
    func number(_ range: Range<Int>) -> Int64? {
      range.reduce(Int64(0)) { sum, place in
        guard let sum, (0x30...0x39).contains(text[place]) else { return nil }
        return sum * 10 + Int64(text[place] - 0x30)
      }
    }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
      let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
      (1...12).contains(month), (1...28).contains(day) || (29...31).contains(day) && month != 2, hour < 24,
      minute < 60, second < 60
    else { return nil }
    // Counts the days from 1970 to a Gregorian date. Years begin in March here, so that leap days come last.
    let shifted = month > 2 ? year : year - 1
    let days =
      365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + (153 * ((month + 9) % 12) + 2) / 5 + day
    return (days - 719_469) * 86_400 + hour * 3_600 + minute * 60 + second
  }

  /// The name in a row; nil if it isn't stored as text.
  private func name(of row: StoredRow) -> String? {
    guard case .text(let text)? = row.column(name) else { return nil }
    return String(decoding: text, as: UTF8.self)
  }
}
