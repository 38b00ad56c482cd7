/// Collects mistakes, so that one reading can report several.
///
/// Only the first ones are kept: a glob that overlaps another can produce as many mistakes as there are files.
struct InventoryProblems {
  private(set) var errors: [InventoryError] = []
  private(set) var omitted = 0

  mutating func add(_ error: InventoryError) {
    if errors.count < InventoryErrors.limit {
      errors.append(error)
    } else {
      omitted += 1
    }
  }

  /// All mistakes so far; nil if there are none.
  var found: InventoryErrors? { errors.isEmpty ? nil : InventoryErrors(errors, omitted: omitted) }

  /// Ends a stage by throwing its mistakes. Later stages would only report their consequences.
  func check() throws(InventoryErrors) {
    if let found { throw found }
  }
}
