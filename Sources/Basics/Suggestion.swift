/// Finds the word that was probably meant.
public enum Suggestion {
  /// The nearest of `candidates`, if it is near enough to suggest; the first of several equally near ones.
  ///
  /// One edit in three characters is near enough. An edit inserts, deletes or replaces a character, or swaps two
  /// neighbours.
  public static func nearest(to word: String, in candidates: some Sequence<String>) -> String? {
    let wanted = Array(word.lowercased())
    var best: (word: String, distance: Int)?
    for candidate in candidates where candidate != word {
      let limit = min((best?.distance ?? .max) - 1, max(1, max(wanted.count, candidate.count) / 3))
      guard let distance = distance(wanted, Array(candidate.lowercased()), limit: limit) else { continue }
      best = (candidate, distance)
      if distance == 0 { break }
    }
    return best?.word
  }

  /// The optimal string alignment distance; nil if it is greater than `limit`.
  private static func distance(_ left: [Character], _ right: [Character], limit: Int) -> Int? {
    guard limit >= 0, abs(left.count - right.count) <= limit else { return nil }
    var beforePrevious: [Int] = []
    var previous = Array(0...right.count)
    for (row, character) in left.enumerated() {
      var current = [row + 1]
      current.reserveCapacity(right.count + 1)
      for (column, other) in right.enumerated() {
        var cost = previous[column] + (character == other ? 0 : 1)
        cost = min(cost, previous[column + 1] + 1, current[column] + 1)
        if row > 0, column > 0, character == right[column - 1], left[row - 1] == other {
          cost = min(cost, beforePrevious[column - 1] + 1)
        }
        current.append(cost)
      }
      guard let least = current.min(), least <= limit else { return nil }
      (beforePrevious, previous) = (previous, current)
    }
    guard let result = previous.last, result <= limit else { return nil }
    return result
  }
}
