internal import Migrations
internal import SQLite
internal import Schema

/// Reads history and schema of a database at rest from its pages, without opening it in SQLite.
///
/// It succeeds only if SQLite has read the same schema before, for this or another installation. It leaves everything
/// unusual to SQLite, so that its result never differs from SQLite's.
struct FastInspection {
  let history: History
  let schema: Schema
  /// The digest of the schema's text.
  let digest: Fingerprint

  /// Inspects the file at `path`; nil if SQLite has to. No connection of this process may have the file open.
  init?(
    _ path: String, _ file: DatabaseFile, _ cache: SchemaCache, _ layouts: HistoryLayouts,
    _ table: any HistoryTable
  ) {
    // SQLite looks for the histories of other tools where the expected one is missing or not in a table.
    guard let pages = DatabasePages(path, file),
      let stored = StoredSchema(pages, history: table.name), let schema = cache.known(stored.digest),
      let history = Self.history(stored, pages, layouts, table, schema, file.userVersion),
      pages.isUnchanged(at: path)
    else { return nil }
    self.schema = schema
    self.history = history
    digest = stored.digest
  }

  private static func history(
    _ stored: StoredSchema, _ pages: DatabasePages, _ layouts: HistoryLayouts, _ table: any HistoryTable,
    _ schema: Schema, _ userVersion: Int32
  ) -> History? {
    if let history = table.history(userVersion: userVersion) {
      return ForeignHistory.isPossible(in: schema, userVersion: 0) ? nil : history
    }
    guard !table.name.isEmpty, !table.isContested(in: schema) else { return nil }
    guard let found = stored.history else {
      let isNew = table.canBeMissing && !ForeignHistory.isPossible(in: schema, userVersion: userVersion)
      return isNew ? History(recorded: nil) : nil
    }
    guard let layout = layouts.layout(of: found.sql, in: table), layout.allowsIndexes || !found.hasIndex
    else {
      return nil
    }
    return layout.history { pages.forEachRow(from: found.root, $0) }
  }
}

/// The rows of sqlite_schema, each checked to be valid in a database with that many pages.
private struct StoredSchema {
  /// The digest of the rows, the same as `Schema.rawDigest`.
  let digest: Fingerprint
  /// The root page of the history table, the SQL that creates it, and whether it has an index; nil if there is no such
  /// table.
  private(set) var history: (root: Int, sql: String, hasIndex: Bool)?

  init?(_ pages: DatabasePages, history historyName: String) {
    let historyName = Array(historyName.utf8)
    var digest = Schema.TextDigest()
    var roots: Set<Int> = [1]
    var history: (root: Int, sql: String)?
    var hasIndex = false
    let isRead = pages.forEachRow(from: 1) { row in
      guard row.count == 5, case .text(let type)? = row.column(0), case .text(let name)? = row.column(1),
        case .text(let table)? = row.column(2), case .integer(let stored)? = row.column(3),
        let root = Int(exactly: stored), let sql = Self.sql(row.column(4)),
        Self.isRoot(root, type, sql, pages.count), root == 0 || roots.insert(root).inserted
      else { return false }
      for column in [type, name, table, sql] { digest.add(column) }
      guard Self.isFolded(name, historyName) || Self.isFolded(table, historyName) else {
        return true
      }
      if Self.isText(type, "index"), root > 1, table.elementsEqual(historyName),
        !Self.isFolded(name, historyName)
      {
        hasIndex = true
        return true
      }
      // SQLite must interpret a trigger, a view, or a name in different case.
      guard Self.isText(type, "table"), root > 1, history == nil, name.elementsEqual(historyName),
        table.elementsEqual(historyName)
      else { return false }
      history = (root, String(decoding: sql, as: UTF8.self))
      return true
    }
    guard isRead else { return nil }
    self.digest = digest.finish()
    self.history = history.map { ($0.root, $0.sql, hasIndex) }
  }

  private static func sql(_ column: StoredRow.Column?) -> UnsafeRawBufferPointer? {
    switch column {
    case .text(let text)?: text
    case .null?: UnsafeRawBufferPointer(start: nil, count: 0)
    default: nil
    }
  }

  /// Whether an object of this type can have that root page. Views, triggers and virtual tables have none.
  private static func isRoot(
    _ root: Int, _ type: UnsafeRawBufferPointer, _ sql: UnsafeRawBufferPointer, _ count: Int
  ) -> Bool {
    if isText(type, "view") || isText(type, "trigger") { return root == 0 }
    let isVirtual = isText(type, "table") && isFolded(sql.prefix(14), Array("create virtual".utf8))
    return isVirtual ? root == 0 : root > 1 && root <= count
  }

  private static func isText(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
    bytes.elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private static func isFolded(_ bytes: some Collection<UInt8>, _ text: [UInt8]) -> Bool {
    bytes.count == text.count
      && bytes.elementsEqual(text) { (0x41...0x5a).contains($0) ? $0 | 0x20 == $1 : $0 == $1 }
  }
}
