public import Upgrade

/// Selects installations by what a recorded run says of them: `failed:last`, `pending`, `drifted`, `wave:2`.
///
/// A ``Pattern`` recognizes them as terms. ``Journal/members(of:)`` finds their installations.
public struct RunSelector: Sendable, Hashable, CustomStringConvertible {
  /// What the run says of the selected installations.
  public enum Property: Sendable, Hashable {
    /// The run left them with this status.
    case status(Status)
    /// They had drifted.
    case drifted
    /// They are the members of the wave with this number.
    case wave(Int)
  }

  /// Which run.
  public enum Source: Sendable, Hashable {
    /// The latest run; checks for drift don't count. For a wave, the latest rollout.
    case last
    /// The latest run that looked at the whole fleet.
    case lastOfAll
    /// The run with this id.
    case run(RunID)
  }

  /// What the run says of the selected installations.
  public let property: Property
  /// Which run.
  public let source: Source
  /// Whether it was written with `@`, so that it can't be meant as names.
  public let isMarked: Bool
  /// The names that it would be if it were no selector: its words, and the whole.
  let names: [String]

  /// The word that selects what has drifted.
  private static let drifted = "drifted"
  /// The word that selects a wave.
  private static let wave = "wave"

  /// The selector for one or two words; nil if they are something else.
  ///
  /// - Parameters:
  ///   - word: a status, `drifted` or `wave`.
  ///   - detail: `last` or the id of a run; for `wave` its number. Nil if no word follows.
  ///   - isMarked: whether an `@` stands before the word.
  init?(_ word: String, _ detail: String?, isMarked: Bool) {
    let property: Property
    if word == Self.wave {
      guard let detail, detail.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains),
        let number = Int(detail)
      else { return nil }
      (property, source) = (.wave(number), .last)
    } else {
      guard let named = word == Self.drifted ? .drifted : Status(rawValue: word).map(Property.status) else {
        return nil
      }
      property = named
      switch detail {
      case "last": source = .last
      case .some(let text):
        guard let run = RunID(text) else { return nil }
        source = .run(run)
      case nil:
        guard named == .drifted || named == .status(.pending) else { return nil }
        source = .lastOfAll
      }
    }
    self.property = property
    self.isMarked = isMarked
    names = [word] + (detail.map { [$0, "\(word):\($0)"] } ?? [])
  }

  /// The selector as it was written, such as `failed:last`.
  public var description: String { (isMarked ? "@" : "") + (names.last ?? "") }

  /// The selector that was probably meant by a word that is no name; nil if none comes to mind.
  public static func suggestion(for word: String) -> String? {
    if word == wave { return "wave:1" }
    return Status(rawValue: word).map { "\($0.rawValue):last" }
  }
}

extension Inventory {
  /// The installation or group whose name is a part of a selector, so that it is unclear what is meant; nil if the
  /// selector is clear.
  public func rival(of selector: RunSelector) -> (name: String, isGroup: Bool)? {
    guard !selector.isMarked else { return nil }
    return selector.names.first(where: index.contains).map { ($0, index.groups[$0] != nil) }
  }
}

extension PatternTerm {
  /// Reads a term that selects by a run.
  ///
  /// - Parameters:
  ///   - text: the term.
  ///   - next: the term after it, if `:` separates them; otherwise nil.
  /// - Returns: the term, and whether it consists of both; nil if it is another kind of term.
  static func ofRun(_ text: String, next: String?) -> (term: PatternTerm, takesNext: Bool)? {
    let (role, body) = Self.role(of: text)
    let isMarked = body.first == "@"
    let word = isMarked ? body.dropFirst() : body
    if let next {
      var detail = trimmed(next[...])
      let positions = Self.positions(&detail)
      if let selector = RunSelector(String(word), String(detail), isMarked: isMarked) {
        return (PatternTerm(role: role, matcher: .run(selector), positions: positions), true)
      }
    }
    var alone = word
    let positions = Self.positions(&alone)
    return RunSelector(String(alone), nil, isMarked: isMarked).map { selector in
      (PatternTerm(role: role, matcher: .run(selector), positions: positions), false)
    }
  }
}
