/// Collects mistakes, so that one reading tells of several.
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

  /// What was found; nil where nothing was.
  var found: InventoryErrors? { errors.isEmpty ? nil : InventoryErrors(errors, omitted: omitted) }

  /// Ends a stage: later stages would only report what follows from these mistakes.
  func check() throws(InventoryErrors) {
    if let found { throw found }
  }
}
