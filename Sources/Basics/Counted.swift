/// Formats a number with its noun.
///
/// - Parameters:
///   - number: the number.
///   - noun: the singular.
///   - nouns: the plural; nil if it is the singular with an s.
/// - Returns: a text such as `1 installation`, `24 installations`, `2 copies`.
public func counted(_ number: Int, _ noun: String, _ nouns: String? = nil) -> String {
  "\(number) \(number == 1 ? noun : nouns ?? noun + "s")"
}
