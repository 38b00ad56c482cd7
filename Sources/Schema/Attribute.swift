/// A property of a column or a table that can change independently of the others.
public enum Attribute: String, Sendable, CaseIterable {
  case type = "column_type"
  case notNull = "column_not_null"
  case defaultValue = "column_default"
  case collation = "column_collation"
  case generated = "column_generated"
  case primaryKey = "primary_key"
  case options = "table_options"

  /// The attributes of objects of this kind, in the order of `Schema.Object.attributes`.
  static func of(_ kind: Schema.Kind) -> [Attribute] {
    switch kind {
    case .column: [.type, .notNull, .defaultValue, .collation, .generated]
    case .table: [.primaryKey, .options]
    default: []
    }
  }

  /// A column's normal form, composed of its attributes.
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

  /// The kind of object that has the attribute.
  var kind: Schema.Kind { self == .primaryKey || self == .options ? .table : .column }

  /// The attribute's name for people.
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
