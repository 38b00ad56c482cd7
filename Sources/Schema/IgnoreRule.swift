internal import Basics
internal import SQLite

/// A part of the schema that doesn't count, as `drift.ignore` of fleet.yml names it: `table store_*`,
/// `index idx_[ab]*`, `column users.notes`.
public struct IgnoreRule: Hashable, Sendable, Codable, CustomStringConvertible {
  private let kind: Schema.Kind
  /// In lower case.
  private let pattern: String
  private let glob: Glob

  private enum CodingKeys: CodingKey { case kind, pattern }

  /// Reads a rule; nil where its first word is no kind of object, or where no pattern follows that `Glob` can read.
  public init?(_ text: String) {
    let text = text.drop(while: \.isWhitespace)
    let word = text.prefix { !$0.isWhitespace }
    let rest = text.dropFirst(word.count).drop(while: \.isWhitespace)
    let name = String(rest.reversed().drop(while: \.isWhitespace).reversed())
    guard !name.isEmpty, let kind = Schema.Kind(rawValue: String(word)) else { return nil }
    self.init(kind, name.folded)
  }

  private init?(_ kind: Schema.Kind, _ pattern: String) {
    guard let glob = Glob(pattern) else { return nil }
    (self.kind, self.pattern, self.glob) = (kind, pattern, glob)
  }

  /// Reads what `encode` wrote.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    let pattern = try fields.decode(String.self, forKey: .pattern)
    guard let rule = try Self(fields.decode(Schema.Kind.self, forKey: .kind), pattern) else {
      throw DecodingError.dataCorruptedError(forKey: .pattern, in: fields, debugDescription: "no pattern")
    }
    self = rule
  }

  /// Writes kind and pattern.
  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(kind, forKey: .kind)
    try fields.encode(pattern, forKey: .pattern)
  }

  /// Kind and pattern, such as `table store_*`; the pattern is in lower case.
  public var description: String { "\(kind.rawValue) \(pattern)" }

  /// A table's rule covers all that belongs to the table.
  func covers(_ object: Schema.Object) -> Bool {
    let name = kind == .table ? object.table : object.kind == kind ? object.name.folded : nil
    return name.map(glob.matches) ?? false
  }
}
