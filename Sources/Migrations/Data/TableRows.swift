internal import SQLite

/// The rows that a table has at some point of the pending migrations, as a query on the database as it is now.
struct TableRows: Equatable {
  enum Source: Hashable {
    /// The rows of this table of the database, in lower case.
    case table(String)
    /// The rows of a common table expression of ``RowModel``.
    case query(String)
    /// No rows.
    case empty
    /// What can't be followed, and why.
    case unknown(String)
  }

  /// A column of the database as it is, in lower case.
  struct Origin: Hashable {
    let table: String
    let column: String
  }

  /// Where the rows come from.
  var source: Source
  /// The table of the database that has exactly these rows, if their other columns don't count.
  var whole: String?
  /// The table of the database of which each row is here at most once.
  var part: String?
  /// The table of the database of which every row is here.
  var covered: String?
  /// The columns whose values are those of a column of the database, in lower case.
  var columns: [String: Origin] = [:]
  /// The columns whose values were converted to another type, with the origin.
  var converted: Set<String> = []
  /// The names of the columns of a table without rows.
  var names: [String] = []
  /// Identifies the table when it is renamed.
  let id: Int
  /// The last statement that made or wrote it.
  var place = (file: "", line: 0)
  /// The affinities of the columns from which values are copied as they are, by the columns that they fill.
  var affinities: [String: TableShape.Affinity] = [:]
  /// The names in the queries that filled it, in lower case, with all columns that `*` stands for.
  var used: Set<String> = []

  static func == (one: TableRows, other: TableRows) -> Bool {
    one.source == other.source && one.id == other.id
  }
}

/// What the tables hold while the pending migrations are followed, statement by statement, without running them.
///
/// Each state of a table that isn't a table of the database becomes a named query. The names of these queries differ
/// from those of all tables and views of the database, so that queries don't hide tables from each other.
struct RowModel {
  /// Why no query can be made.
  struct Untraceable: Error {
    let reason: String
  }

  /// A query with a name, and the names of the others that it uses.
  private struct Named {
    let name: String
    let columns: [String]
    let body: String
    let uses: Set<String>
  }

  /// The tables that there are now, by name in lower case.
  var tables: [String: TableRows] = [:]
  /// The views that there are now, whose text is in the database as well, by name in lower case.
  var views: [String: SQLText] = [:]
  /// The names of the views that the database as it is doesn't have.
  var newViews: Set<String> = []
  private var queries: [Named] = []
  private var taken: Set<String>
  private var last = 0

  /// - Parameter names: the tables and views of the database, in lower case.
  init(taken names: Set<String>) { taken = names }

  mutating func newID() -> Int {
    last += 1
    return last
  }

  /// Names a query.
  ///
  /// - Parameters:
  ///   - table: the name of the table whose rows it returns.
  ///   - columns: the names of its columns; empty to take those of the query.
  ///   - query: the text, and the names of the queries that it uses.
  /// - Returns: the source of the table's rows.
  mutating func name(
    _ table: String, _ columns: [String], _ query: (text: String, uses: Set<String>)
  ) -> TableRows.Source {
    var name = table
    var number = 2
    while taken.contains(name.folded) {
      name = "\(table)_\(number)"
      number += 1
    }
    taken.insert(name.folded)
    queries.append(Named(name: name, columns: columns, body: query.text, uses: query.uses))
    return .query(name)
  }

  /// What to write after FROM for these rows, under the name `alias`.
  func from(_ source: TableRows.Source, as alias: String) throws -> (text: String, uses: Set<String>) {
    switch source {
    case .table(let name):
      (name == alias ? identifier(name) : "\(identifier(name)) AS \(identifier(alias))", [])
    case .query(let name):
      (name == alias ? identifier(name) : "\(identifier(name)) AS \(identifier(alias))", [name])
    case .empty: ("(SELECT 1 WHERE 0) AS \(identifier(alias))", [])
    case .unknown(let reason): throw Untraceable(reason: reason)
    }
  }

  /// A query in which the tables that `text` names mean what they hold now.
  ///
  /// - Parameters:
  ///   - query: a query that contains `text`, or is `text`.
  ///   - text: the words of the migration in it.
  ///   - used: the names of queries that it uses otherwise.
  /// - Returns: the query, and the names of all queries that it uses.
  /// - Throws: `Untraceable` if it reads something that can't be followed.
  func bound(
    _ query: String, mentioning text: SQLText, _ used: Set<String> = []
  ) throws -> (text: String, uses: Set<String>) {
    var uses = used
    var bindings: [String] = []
    for (name, place) in mentions(text) {
      if name.hasPrefix("sqlite_") || name.hasPrefix("pragma_") {
        throw Untraceable(reason: "it reads \(name), which the migrations change")
      }
      if newViews.contains(name) { throw Untraceable(reason: "it reads view \(name), which is new") }
      if let view = views[name] {
        guard try bound("", mentioning: view).text.isEmpty else {
          throw Untraceable(reason: "it reads view \(name), whose tables change before")
        }
        continue
      }
      guard let rows = tables[name], rows.source != .table(name) else { continue }
      guard !text.isSymbol(".", at: place - 1) else {
        throw Untraceable(reason: "it names the schema of \(name)")
      }
      switch rows.source {
      case .query(name): uses.insert(name)
      case .query(let other):
        uses.insert(other)
        bindings.append("\(identifier(name)) AS (SELECT * FROM \(identifier(other)))")
      case .table(let other):
        bindings.append("\(identifier(name)) AS (SELECT * FROM main.\(identifier(other)))")
      case .empty:
        let names = rows.names.map(identifier).joined(separator: ", ")
        let nulls = rows.names.map { _ in "NULL" }.joined(separator: ", ")
        bindings.append("\(identifier(name))(\(names)) AS (SELECT \(nulls) WHERE 0)")
      case .unknown(let reason): throw Untraceable(reason: reason)
      }
    }
    guard !bindings.isEmpty else { return (query, uses) }
    return ("WITH \(bindings.joined(separator: ", ")) SELECT * FROM (\(query))", uses)
  }

  /// The tables and views that a text may read, in lower case, with the position of each name.
  private func mentions(_ text: SQLText) -> [(String, Int)] {
    var seen: Set<String> = []
    return text.all.compactMap { place in
      let token = text.tokens[place]
      guard token.isName, !text.isSymbol(".", at: place + 1) else { return nil }
      let name = token.name
      let isKnown =
        tables[name] != nil || views[name] != nil || newViews.contains(name) || name.hasPrefix("sqlite_")
        || name.hasPrefix("pragma_")
      return isKnown && seen.insert(name).inserted ? (name, place) : nil
    }
  }

  /// The complete text of a query, with all named queries that it needs.
  func complete(_ query: (text: String, uses: Set<String>)) -> String {
    var needed = query.uses
    for named in queries.reversed() where needed.contains(named.name) { needed.formUnion(named.uses) }
    let list = queries.filter { needed.contains($0.name) }.map { named in
      let columns = named.columns.map(identifier).joined(separator: ", ")
      return "\(identifier(named.name))\(columns.isEmpty ? "" : "(\(columns))") AS (\(named.body))"
    }
    guard !list.isEmpty else { return query.text }
    let isWith = query.text.hasPrefix("WITH ")
    return "WITH \(list.joined(separator: ", ")) \(isWith ? "SELECT * FROM (\(query.text))" : query.text)"
  }
}
