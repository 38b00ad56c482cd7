/// Writes a number with its noun.
///
/// - Parameters:
///   - number: how many.
///   - noun: the singular.
///   - nouns: the plural, if it is not the singular and an s.
/// - Returns: such as `1 installation`, `24 installations`, `2 copies`.
public func counted(_ number: Int, _ noun: String, _ nouns: String? = nil) -> String {
  "\(number) \(number == 1 ? noun : nouns ?? noun + "s")"
}
