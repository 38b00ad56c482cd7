/// A piece of what a column or a table is, which can change by itself.
public enum Attribute: String, Sendable, CaseIterable {
  case type = "column_type"
  case notNull = "column_not_null"
  case defaultValue = "column_default"
  case collation = "column_collation"
  case generated = "column_generated"
  case primaryKey = "primary_key"
  case options = "table_options"

  /// The pieces of an object of that kind.
  static func of(_ kind: Schema.Kind) -> [Attribute] {
    switch kind {
    case .column: [.type, .notNull, .defaultValue, .collation, .generated]
    case .table: [.primaryKey, .options]
    default: []
    }
  }

  /// A column's normal form from its pieces.
  static func column(_ attributes: [String?]) -> String {
    zip(of(.column), attributes).compactMap { attribute, text in
      guard let text else { return nil }
      return switch attribute {
      case .defaultValue: "DEFAULT \(text)"
      case .collation: "COLLATE \(text)"
      case .generated: "AS \(text)"
      default: text
      }
    }.joined(separator: " ")
  }

  /// What sort of object has it.
  var kind: Schema.Kind { self == .primaryKey || self == .options ? .table : .column }

  /// Its name for people.
  var words: String {
    switch self {
    case .type: "type"
    case .notNull: "NOT NULL"
    case .defaultValue: "default"
    case .collation: "collation"
    case .generated: "generation"
    case .primaryKey: "primary key"
    case .options: "options"
    }
  }
}
