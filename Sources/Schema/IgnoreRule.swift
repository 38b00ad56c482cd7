internal import Basics
internal import SQLite

/// A rule for schema objects that drift detection ignores, as in `drift.ignore` of fleet.yml: `table store_*`, `index
/// idx_[ab]*`, `column users.notes`.
public struct IgnoreRule: Hashable, Sendable, Codable, CustomStringConvertible {
  private let kind: Schema.Kind
  /// The pattern for names, in lower case.
  private let pattern: String
  private let glob: Glob
  /// Whether the objects are counted as ignored; false for tables that are no part of an application's schema.
  let isCounted: Bool

  private enum CodingKeys: CodingKey { case kind, pattern }

  /// Parses a rule; nil if the first word isn't a kind of object, or isn't followed by a valid `Glob` pattern.
  public init?(_ text: String) {
    let text = text.drop(while: \.isWhitespace)
    let word = text.prefix { !$0.isWhitespace }
    let rest = text.dropFirst(word.count).drop(while: \.isWhitespace)
    let name = String(rest.reversed().drop(while: \.isWhitespace).reversed())
    guard !name.isEmpty, let kind = Schema.Kind(rawValue: String(word)) else { return nil }
    self.init(kind, name.folded)
  }

  /// Creates a rule for a table of a migration history. Its objects are not counted as ignored, and its triggers are not
  /// ignored, since they would run when migrations are recorded.
  ///
  /// - Parameter table: the table's name, in lower case.
  public init(historyTable table: String) {
    (kind, pattern, glob, isCounted) = (.table, table, Glob(exactly: table), false)
  }

  private init?(_ kind: Schema.Kind, _ pattern: String) {
    guard let glob = Glob(pattern) else { return nil }
    (self.kind, self.pattern, self.glob, isCounted) = (kind, pattern, glob, true)
  }

  /// Decodes kind and pattern.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    let pattern = try fields.decode(String.self, forKey: .pattern)
    guard let rule = try Self(fields.decode(Schema.Kind.self, forKey: .kind), pattern) else {
      throw DecodingError.dataCorruptedError(forKey: .pattern, in: fields, debugDescription: "no pattern")
    }
    self = rule
  }

  /// Encodes kind and pattern.
  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(kind, forKey: .kind)
    try fields.encode(pattern, forKey: .pattern)
  }

  /// The kind and the pattern, such as `table store_*`, with the pattern in lower case.
  public var description: String { "\(kind.rawValue) \(pattern)" }

  /// Whether the rule applies to an object. A table's rule applies to everything that belongs to the table.
  func covers(_ object: Schema.Object) -> Bool {
    if !isCounted, object.kind == .trigger { return false }
    let name = kind == .table ? object.table : object.kind == kind ? object.name.folded : nil
    return name.map(glob.matches) ?? false
  }
}
