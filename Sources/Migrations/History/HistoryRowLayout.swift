public import SQLite

/// Decodes the stored rows of a history table without SQLite.
public protocol HistoryRowLayout: Sendable {
  /// Whether the layout also holds for a table that has indexes. They don't change the rows.
  var allowsIndexes: Bool { get }

  /// Decodes all rows.
  ///
  /// - Parameter forEachRow: calls its argument with each row in ascending order of the row numbers, until that returns
  ///   false. It returns whether all rows were read.
  /// - Returns: the history that ``HistoryTable/read(_:)`` returns; nil if only SQLite can read the rows.
  func history(_ forEachRow: ((StoredRow) -> Bool) -> Bool) -> History?
}

/// The columns of a table as its SQL defines them.
struct TableColumns {
  /// One column.
  struct Column {
    /// The name in lower case.
    let name: String
    /// The declared type in lower case.
    let type: String
    /// Whether the column is an alias of the row's number, in which case it is stored as NULL.
    let isRowID: Bool
  }

  let columns: [Column]

  /// The declared types by name, all in lower case.
  var types: [String: String] { Dictionary(columns.map { ($0.name, $0.type) }) { first, _ in first } }

  /// Creates the table alone in an in-memory database, and asks SQLite for its columns; nil if its rows aren't stored by
  /// number with all columns (views, virtual tables, WITHOUT ROWID, generated columns).
  init?(of table: String, _ sql: String) {
    guard
      let database = try? Connection(path: "", access: .memory, deadline: Deadline(in: .seconds(5))),
      (try? database.execute(sql)) != nil,
      let tables = try? database.rows(
        """
        SELECT s.sql, l.wr, (SELECT count(*) FROM pragma_index_list(s.name) WHERE origin = 'pk')
        FROM sqlite_schema s JOIN pragma_table_list l ON l.schema = 'main' AND l.name = s.name
        WHERE s.type = 'table' AND l.type = 'table' AND lower(s.name) = ? AND s.name NOT LIKE 'sqlite@_%' ESCAPE '@'
        """, [.text(table)], { (sql: $0.text(0), isPlain: $0.int(1) == 0, hasKeyIndex: $0.int(2) > 0) }),
      tables.count == 1, tables[0].sql == sql, tables[0].isPlain,
      let columns = try? database.rows(
        "SELECT name, type, pk, hidden FROM pragma_table_xinfo(?) ORDER BY cid", [.text(table)],
        { (name: $0.text(0) ?? "", type: $0.text(1) ?? "", isKey: $0.int(2) > 0, isHidden: $0.int(3) != 0) }),
      !columns.contains(where: \.isHidden)
    else { return nil }
    // A primary key without an index is an alias of the row's number.
    self.columns = columns.map { column in
      Column(
        name: column.name.folded, type: column.type.folded, isRowID: column.isKey && !tables[0].hasKeyIndex)
    }
  }
}
