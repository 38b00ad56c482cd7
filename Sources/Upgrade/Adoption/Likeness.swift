internal import Basics
internal import Migrations
public import Schema

/// Which versions the schema of a database without a history is like.
public enum Likeness: Hashable, Sendable, Codable {
  /// It is the schema of these versions, in ascending order. There are several if migrations change no schema, or
  /// undo what others did. `unchanging` are those of them whose migration changes no schema.
  case equal([MigrationVersion], unchanging: [MigrationVersion])
  /// It has everything of the first version, and a part of what the second, which is the next one, changes.
  case between(MigrationVersion, MigrationVersion)
  /// It is the schema of no version. The nearest has the fewest differing objects.
  case unlike(nearest: MigrationVersion)

  /// The versions whose schema it is; empty if there are none.
  public var versions: [MigrationVersion] {
    if case .equal(let versions, _) = self { versions } else { [] }
  }

  /// All versions that it names.
  public var named: [MigrationVersion] {
    switch self {
    case .equal(let versions, let unchanging): versions + unchanging
    case .between(let version, let next): [version, next]
    case .unlike(let nearest): [nearest]
    }
  }

  /// The version from which differences are listed: the nearest one, or the one of which a part is there. Nil if the
  /// schema is that of a version.
  public var reference: MigrationVersion? {
    switch self {
    case .equal: nil
    case .between(_, let next): next
    case .unlike(let nearest): nearest
    }
  }
}

extension Likeness: CustomStringConvertible {
  /// `equal to version 7`, `equal to versions 7 and 8 (8 changes no schema)`, `between versions 7 and 8`, `like no
  /// version, nearest 7`.
  public var description: String {
    switch self {
    case .equal(let versions, let unchanging):
      let word = versions.count == 1 ? "version" : "versions"
      let note =
        unchanging.isEmpty
        ? "" : " (\(Self.list(unchanging)) \(unchanging.count == 1 ? "changes" : "change") no schema)"
      return "equal to \(word) \(Self.list(versions))\(note)"
    case .between(let version, let next): return "between versions \(version) and \(next)"
    case .unlike(let nearest): return "like no version, nearest \(nearest)"
    }
  }

  /// `7`, `7 and 8`, `6, 7 and 8`
  static func list(_ versions: [MigrationVersion]) -> String {
    let texts = versions.map(\.description)
    guard texts.count > 1, let last = texts.last else { return texts.first ?? "" }
    return "\(texts.dropLast().joined(separator: ", ")) and \(last)"
  }
}
