/// What a migration did to the content of one column, or to the rows of one table as a whole.
///
/// Rows are compared that are there before and after, matched by the table's primary key.
public struct ContentChange: Hashable, Sendable, Codable {
  /// What sort of change.
  public enum Kind: String, Sendable, Codable {
    /// Values became other values.
    case changed
    /// NULLs became values, and nothing else changed.
    case filled
    /// Every value became NULL.
    case emptied
    /// Many different values became one and the same.
    case levelled
    /// Values lost what CAST AS INTEGER drops.
    case narrowed
    /// The column holds what another column held, which holds other values in turn.
    case swapped
    /// Values, or whole rows, stand with keys of other rows.
    case moved
    /// The rows have other keys than before.
    case renumbered
    /// The table is too large to compare the rows of its rebuild without a key that tells which is which.
    case uncompared
  }

  /// The table, by its name before the migration, folded.
  public let table: String
  /// The column, by its name before the migration, folded; nil where it is about whole rows.
  public let column: String?
  /// What sort of change.
  public let kind: Kind
  /// How many rows are changed.
  public let rows: Int
  /// How many rows were compared.
  public let compared: Int
  /// How many rows the table had, where only a sample of them was compared.
  public let sampledFrom: Int?

  enum CodingKeys: String, CodingKey {
    case table, column, kind, rows, compared
    case sampledFrom = "sampled_from"
  }

  /// `users.note` or `users`.
  public var place: String { column.map { "\(table).\($0)" } ?? table }
}

extension ContentChange: CustomStringConvertible {
  /// `users.note: 4102 of 4102 became NULL`.
  public var description: String {
    let sample = sampledFrom.map { " (a sample of \($0))" } ?? ""
    let share = "\(rows) of \(compared)\(sample)"
    return switch kind {
    case .changed: "\(place): \(share) changed"
    case .filled: "\(place): \(share) were NULL and have a value now"
    case .emptied: "\(place): \(share) became NULL, every value that there was"
    case .levelled: "\(place): \(share) became one and the same value"
    case .narrowed: "\(place): \(share) lost what CAST AS INTEGER drops"
    case .swapped: "\(place): \(share) hold what another column held, as if columns had been mixed up"
    case .moved: "\(place): \(share) hold what rows with other keys held"
    case .renumbered: "\(place): \(share) have another key now"
    case .uncompared:
      "\(place): was rebuilt, and its rows could not be compared, as no primary key tells which is which"
    }
  }
}
