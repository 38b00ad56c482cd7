internal import Basics
internal import Schema

/// The installations that a pattern selects from an inventory.
public struct InventorySelection: Sendable, Equatable {
  /// A name in a pattern that no installation and no group has.
  public struct Unmatched: Sendable, Equatable {
    /// The name in the pattern.
    public let name: String
    /// The id or group that was probably meant, or nil.
    public let suggestion: String?
  }

  /// Indices in `Inventory.installations`, ascending.
  public let indices: [Int]
  /// Names that match nothing, in the order of the pattern. Globs are never listed here.
  public let unmatched: [Unmatched]
}

extension Inventory {
  /// Selects installations, in the order of the inventory.
  ///
  /// Names after `!` and `&` are reported too if they match nothing: otherwise a mistyped exclusion would let through
  /// what it was meant to exclude.
  ///
  /// - Parameters:
  ///   - pattern: the pattern.
  ///   - recorded: the ids for each of the pattern's ``Pattern/runSelectors``. One that is missing selects nothing.
  /// - Returns: what the pattern selects, and the names in it that match nothing.
  public func select(_ pattern: Pattern, recorded: [RunSelector: Set<String>] = [:]) -> InventorySelection {
    var unmatched: [InventorySelection.Unmatched] = []
    func members(_ role: PatternTerm.Role) -> [[Int]] {
      pattern.terms.filter { $0.role == role }.map { term in
        if case .name(let name) = term.matcher, !index.contains(name) {
          unmatched.append(.init(name: name, suggestion: suggestion(for: name)))
        }
        let indices: [Int]
        if case .run(let selector) = term.matcher {
          indices = (recorded[selector] ?? []).compactMap { index.ids[$0] }.sorted()
        } else {
          indices = index.matches(term.matcher)
        }
        return term.positions?.pick(from: indices) ?? indices
      }
    }
    let (added, narrowed, taken) = (members(.adds), members(.narrows), members(.takesAway))
    var chosen = [Bool](repeating: added.isEmpty, count: installations.count)
    for position in added.joined() { chosen[position] = true }
    for indices in narrowed {
      var kept = [Bool](repeating: false, count: chosen.count)
      for position in indices { kept[position] = chosen[position] }
      chosen = kept
    }
    for position in taken.joined() { chosen[position] = false }
    return InventorySelection(indices: chosen.indices.filter { chosen[$0] }, unmatched: unmatched)
  }

  private func suggestion(for name: String) -> String? {
    Suggestion.nearest(to: name, in: index.groups.keys.sorted())
      ?? Suggestion.nearest(to: name, in: installations.lazy.map(\.id))
  }
}

/// The positions of ids and groups in a list of installations.
struct InventoryIndex: Sendable {
  let ids: [String: Int]
  let groups: [String: [Int]]
  private let count: Int

  init(_ installations: [Installation]) {
    var ids: [String: Int] = [:]
    var groups: [String: [Int]] = [:]
    ids.reserveCapacity(installations.count)
    for (position, installation) in installations.enumerated() {
      ids[installation.id] = position
      for group in installation.groups { groups[group, default: []].append(position) }
    }
    (self.ids, self.groups, count) = (ids, groups, installations.count)
  }

  func contains(_ name: String) -> Bool { ids[name] != nil || groups[name] != nil }

  /// The positions that a term matches, ascending and without duplicates.
  func matches(_ matcher: PatternTerm.Matcher) -> [Int] {
    switch matcher {
    case .everything: return Array(0..<count)
    case .name(let name): return merged(groups[name].map { [$0] } ?? [], ids[name].map { [$0] } ?? [])
    case .glob(let glob): return matches { glob.matches($0) }
    case .expression(let text):
      // The pattern was compiled once when it was parsed, so this can't fail.
      guard let expression = try? Regex(text) else { return [] }
      return matches { (try? expression.prefixMatch(in: $0)) != nil }
    case .run: return []
    }
  }

  private func matches(_ accepts: (String) -> Bool) -> [Int] {
    merged(groups.filter { accepts($0.key) }.map(\.value), ids.filter { accepts($0.key) }.map(\.value))
  }

  private func merged(_ lists: [[Int]], _ single: [Int]) -> [Int] {
    Set(lists.joined()).union(single).sorted()
  }
}
