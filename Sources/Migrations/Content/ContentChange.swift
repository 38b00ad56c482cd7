/// What a migration did to the content of one column, or to the rows of one table as a whole.
///
/// The comparison covers the rows that exist before and after, matched by the table's primary key.
public struct ContentChange: Hashable, Sendable, Codable {
  /// The ways in which content changes.
  public enum Kind: String, Sendable, Codable {
    /// Values were replaced by other values.
    case changed
    /// NULLs became values, and nothing else changed.
    case filled
    /// Every value became NULL.
    case emptied
    /// Many different values became the same value.
    case levelled
    /// Values lost what CAST AS INTEGER discards.
    case narrowed
    /// The column holds another column's former values, and another column holds this column's.
    case swapped
    /// Values or whole rows are now under the keys of other rows.
    case moved
    /// The rows have other keys than before.
    case renumbered
    /// The table was rebuilt without a key that identifies its rows, and it is too large to compare them otherwise.
    case uncompared
  }

  /// The table's name before the migration, case-folded.
  public let table: String
  /// The column's name before the migration, case-folded; nil if the change is about whole rows.
  public let column: String?
  /// The way in which the content changed.
  public let kind: Kind
  /// How many rows changed.
  public let rows: Int
  /// How many rows were compared.
  public let compared: Int
  /// How many rows the table had if only a sample was compared; otherwise nil.
  public let sampledFrom: Int?

  enum CodingKeys: String, CodingKey {
    case table, column, kind, rows, compared
    case sampledFrom = "sampled_from"
  }

  /// The column or the table: `users.note` or `users`.
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
