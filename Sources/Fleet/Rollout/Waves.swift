/// The waves of a rollout as the user writes them: `[canary, 10%, 100%]`.
///
/// ```swift
/// let waves = try Waves(["canary", "10%", "100%"])
/// let selection = inventory.select(.all).indices
/// for wave in waves.plan(selection, of: inventory) {
///   print("wave \(wave.number), \(wave.name): \(wave.indices.count) installations")
/// }
/// ```
///
/// The plan is a list of ``Wave``, which ``FleetRun/rollOut(_:_:lanes:maxFailures:_:_:)`` carries out. Items can be
/// ``Pattern``s.
public struct Waves: Sendable, Equatable {
  /// What a wave consists of. An installation of an earlier wave is never repeated.
  public enum Item: Sendable, Hashable, CustomStringConvertible {
    /// The selected installations that a pattern matches.
    case pattern(Pattern)
    /// As many installations as it takes to cover this share of the selection, including earlier waves.
    case percentage(Percentage)
    /// This number of the next installations.
    case count(Int)

    /// The item as it was written.
    public var description: String {
      switch self {
      case .pattern(let pattern): pattern.text
      case .percentage(let percentage): percentage.description
      case .count(let count): "\(count)"
      }
    }
  }

  /// The items in the order in which their waves run.
  public let items: [Item]
  /// The gates of these waves, by the position of the item.
  public var gates: [Int: WaveGate] = [:]

  /// One wave with everything.
  public static let one = Waves(items: [.percentage(.all)])

  private init(items: [Item]) {
    self.items = items
  }

  /// Parses a list of items.
  ///
  /// - Throws: ``WavesError`` for the first invalid item.
  public init(_ texts: [String]) throws(WavesError) {
    guard !texts.isEmpty else { throw WavesError(.empty, position: 0, item: "") }
    var items: [Item] = []
    var covered: Percentage?
    for (position, text) in texts.enumerated() {
      let item = try Self.item(text, position)
      if case .percentage(let percentage) = item {
        if let covered, percentage.hundredths <= covered.hundredths {
          throw WavesError(.notGreater(than: covered), position: position, item: text)
        }
        covered = percentage
      }
      if items.contains(item), case .pattern = item {
        throw WavesError(.repeated, position: position, item: text)
      }
      items.append(item)
    }
    self.items = items
  }

  private static func item(_ text: String, _ position: Int) throws(WavesError) -> Item {
    if text.hasSuffix("%") {
      guard let percentage = Percentage(text), percentage.hundredths > 0 else {
        throw WavesError(.percentage, position: position, item: text)
      }
      return .percentage(percentage)
    }
    if text.allSatisfy({ $0.isASCII && $0.isNumber }) {
      guard let count = wholeNumber(text[...]), count > 0 else {
        throw WavesError(.count, position: position, item: text)
      }
      return .count(count)
    }
    do {
      return .pattern(try Pattern(text))
    } catch {
      throw WavesError(.pattern(error), position: position, item: text)
    }
  }

  /// Distributes a selection over waves, in the order of the inventory within each.
  ///
  /// Every selected installation is in exactly one wave. What no item covers forms a last wave, named `100%`. Empty
  /// waves are left out, and the others are numbered from 1 without gaps.
  ///
  /// - Parameters:
  ///   - selection: Indices in the inventory, ascending.
  ///   - inventory: The whole inventory, which patterns are matched against.
  /// - Returns: The waves in the order in which they run.
  public func plan(_ selection: [Int], of inventory: Inventory) -> [Wave] {
    var waves: [Wave] = []
    var remaining = selection
    func close(_ item: Item, _ indices: [Int], _ position: Int) {
      guard !indices.isEmpty else { return }
      waves.append(
        Wave(number: waves.count + 1, name: item.description, indices: indices, gate: gates[position]))
    }
    for (position, item) in (items + [.percentage(.all)]).enumerated() {
      switch item {
      case .pattern(let pattern):
        let members = Set(inventory.select(pattern).indices)
        close(item, remaining.filter { members.contains($0) }, position)
        remaining.removeAll { members.contains($0) }
      case .percentage(let percentage):
        let covered = selection.count - remaining.count
        let count = max(0, percentage.roundedUp(of: selection.count) - covered)
        close(item, Array(remaining.prefix(count)), position)
        remaining.removeFirst(count)
      case .count(let count):
        close(item, Array(remaining.prefix(count)), position)
        remaining.removeFirst(min(count, remaining.count))
      }
    }
    return waves
  }

  /// The names in these waves that match nothing in the inventory, each with the position of its item.
  ///
  /// A rollout should be refused if there are any: the wave of a nonexistent group would be skipped as empty.
  public func unmatched(in inventory: Inventory) -> [(position: Int, name: InventorySelection.Unmatched)] {
    items.enumerated().flatMap { position, item -> [(position: Int, name: InventorySelection.Unmatched)] in
      guard case .pattern(let pattern) = item else { return [] }
      return inventory.select(pattern).unmatched.map { (position, $0) }
    }
  }
}

/// The part of a rollout that must succeed before the next part starts.
public struct Wave: Sendable, Equatable {
  /// The number, from 1 without gaps.
  public let number: Int
  /// The item of the fleet file that defines it: `canary`, `10%`.
  public let name: String
  /// Indices in ``Inventory/installations``, ascending; at least one.
  public let indices: [Int]
  /// What it has to show before the next one begins; nil if that follows at once.
  public let gate: WaveGate?

  /// Creates a wave from its values.
  public init(number: Int, name: String, indices: [Int], gate: WaveGate? = nil) {
    self.number = number
    self.name = name
    self.indices = indices
    self.gate = gate
  }
}

/// Why a list of waves is invalid.
public struct WavesError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of mistake.
  public enum Code: Sendable, Equatable {
    /// The list is empty.
    case empty
    /// The share is 0% or above 100%.
    case percentage
    /// The share adds nothing to an earlier one.
    case notGreater(than: Percentage)
    /// The number is below 1.
    case count
    /// The same pattern occurs twice.
    case repeated
    /// The text is not a pattern.
    case pattern(PatternError)
  }

  /// The kind of mistake.
  public let code: Code
  /// The position of the item in the list, from 0.
  public let position: Int
  /// The item as it was written.
  public let item: String

  init(_ code: Code, position: Int, item: String) {
    self.code = code
    self.position = position
    self.item = item
  }

  /// What is wrong, in one sentence without a full stop.
  public var description: String {
    switch code {
    case .empty: "a rollout needs at least one wave, such as 100%"
    case .percentage: "wave \"\(item)\" must be a share above 0% and at most 100%, such as 10% or 0.5%"
    case .notGreater(let earlier):
      "wave \"\(item)\" adds nothing after \(earlier): shares count what earlier waves cover"
    case .count: "wave \"\(item)\" must be a number from 1, a share, a group or a pattern"
    case .repeated: "wave \"\(item)\" is there twice"
    case .pattern(let error): "wave \"\(item)\": \(error)"
    }
  }
}
