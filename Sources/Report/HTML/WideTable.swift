/// A table that turns into a list of its rows on narrow screens.
package struct WideTable {
  /// A column: its name, and whether it contains numbers.
  package struct Column: Sendable, ExpressibleByStringLiteral {
    fileprivate let name: String
    fileprivate let kind: String

    /// A column of text.
    package init(stringLiteral name: String) { (self.name, kind) = (name, "text") }
    private init(name: String, kind: String) { (self.name, self.kind) = (name, kind) }

    /// A column of numbers.
    package static func number(_ name: String) -> Column { Column(name: name, kind: "right") }
  }

  private let columns: [Column]
  private let rows: [[Markup]]

  /// - Parameters:
  ///   - columns: the columns; the first one names the row.
  ///   - rows: the rows, with a cell for each column.
  package init(_ columns: [Column], _ rows: [[Markup]]) {
    self.columns = columns
    self.rows = rows
  }

  /// The table, under a heading with this id.
  package func markup(under heading: String) -> Markup {
    let head = columns.map { column -> Markup in
      "<th scope=\"col\" role=\"columnheader\" class=\"\(column.kind)\">\(column.name)</th>"
    }
    let lines = rows.map { row -> Markup in
      let cells = zip(columns, row).dropFirst().map { column, cell -> Markup in
        "<td class=\"\(column.kind)\" role=\"cell\" data-name=\"\(column.name)\">\(cell)</td>"
      }
      return
        "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">\(row.first ?? .nothing)</th>\(cells)</tr>\n"
    }
    return """
      <table class="rows list" role="table" aria-labelledby="\(heading)">
      <thead role="rowgroup"><tr role="row">\(head)</tr></thead>
      <tbody role="rowgroup">
      \(lines)</tbody>
      </table>
      """
  }
}
