/// A part of the schema that doesn't count, as `drift.ignore` of fleet.yml names it: `table store_*`,
/// `index idx_*`, `column users.notes`.
public struct IgnoreRule: Hashable, Sendable {
  let kind: Schema.Kind
  let pattern: String

  /// Reads a rule; nil where its first word is no kind of object.
  public init?(_ text: String) {
    let words = text.split(separator: " ", maxSplits: 1).map(String.init)
    guard words.count == 2, let kind = Schema.Kind(rawValue: words[0]) else { return nil }
    self.kind = kind
    pattern = words[1].lowercased()
  }

  /// A table's rule covers all that belongs to the table.
  func covers(_ object: Schema.Object) -> Bool {
    let name = kind == .table ? object.table : object.kind == kind ? object.name.lowercased() : nil
    return name.map { Self.matches(Array($0.utf8)[...], Array(pattern.utf8)[...]) } ?? false
  }

  /// Shell patterns with `*` and `?`.
  static func matches(_ text: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
    guard let first = pattern.first else { return text.isEmpty }
    if first == UInt8(ascii: "*") {
      return matches(text, pattern.dropFirst()) || (!text.isEmpty && matches(text.dropFirst(), pattern))
    }
    guard let head = text.first, first == UInt8(ascii: "?") || first == head else { return false }
    return matches(text.dropFirst(), pattern.dropFirst())
  }
}
