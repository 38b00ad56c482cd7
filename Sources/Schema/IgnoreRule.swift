internal import SQLite

/// A part of the schema that doesn't count, as `drift.ignore` of fleet.yml names it: `table store_*`,
/// `index idx_*`, `column users.notes`.
public struct IgnoreRule: Hashable, Sendable, Codable {
  let kind: Schema.Kind
  let pattern: String

  /// Reads a rule; nil where its first word is no kind of object or no pattern follows.
  public init?(_ text: String) {
    let text = text.drop(while: \.isWhitespace)
    let word = text.prefix { !$0.isWhitespace }
    let rest = text.dropFirst(word.count).drop(while: \.isWhitespace)
    let name = String(rest.reversed().drop(while: \.isWhitespace).reversed())
    guard !name.isEmpty, let kind = Schema.Kind(rawValue: String(word)) else { return nil }
    self.kind = kind
    pattern = name.folded
  }

  /// A table's rule covers all that belongs to the table.
  func covers(_ object: Schema.Object) -> Bool {
    let name = kind == .table ? object.table : object.kind == kind ? object.name.folded : nil
    return name.map { Self.matches(Array($0.unicodeScalars), Array(pattern.unicodeScalars)) } ?? false
  }

  /// Shell patterns with `*` and `?`. Only the last `*` is ever tried again, as what came before it already fits.
  static func matches(_ text: [Unicode.Scalar], _ pattern: [Unicode.Scalar]) -> Bool {
    var (place, next) = (0, 0)
    var star: (next: Int, place: Int)?
    while place < text.count {
      if next < pattern.count, pattern[next] == "*" {
        star = (next + 1, place)
        next += 1
      } else if next < pattern.count, pattern[next] == "?" || pattern[next] == text[place] {
        place += 1
        next += 1
      } else if let last = star {
        star = (last.next, last.place + 1)
        (next, place) = (last.next, last.place + 1)
      } else {
        return false
      }
    }
    return pattern[next...].allSatisfy { $0 == "*" }
  }
}
