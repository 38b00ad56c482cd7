internal import Basics
public import Schema

/// What one migration does to existing data without declaring it: lost rows, suspicious changes of content, and
/// AUTOINCREMENT numbers that were set back.
///
/// ```swift
/// for line in undeclared.lines { print(line) }  // -- @deletes items, parents
/// ```
///
/// A ``MigrationFailure`` has it if that is why the migration failed. See also ``Declarations``.
public struct UndeclaredEffects: Hashable, Sendable, Codable {
  /// The migration's file.
  public let file: String
  /// Each effect in words, such as `20 rows of items would be lost`.
  public let effects: [String]
  /// The tables that lost rows, as arguments of `@deletes`.
  public let deletes: [String]
  /// The changes as arguments of `@changes`, such as `users.note`.
  public let changes: [String]

  /// Creates a list of effects.
  public init(file: String, effects: [String], deletes: [String], changes: [String]) {
    self.file = file
    self.effects = effects
    self.deletes = deletes
    self.changes = changes
  }

  /// The effects of both, each once. `other` is about the same file.
  public func merging(_ other: UndeclaredEffects) -> UndeclaredEffects {
    UndeclaredEffects(
      file: file, effects: (effects + other.effects).uniqued, deletes: (deletes + other.deletes).uniqued,
      changes: (changes + other.changes).uniqued)
  }

  /// The lines that declare all of it when they are added to the file. Each takes at most 72 columns unless a single
  /// name is longer. Names that no directive can express are left out.
  public var lines: [String] {
    EffectDirective.deletes.lines(naming: deletes) + EffectDirective.changes.lines(naming: changes)
  }

  /// The entries that declare all of it under `migrations` in fleet.yml, by the key `deletes` or `changes`. Names that
  /// can't be expressed are left out.
  ///
  /// - Parameter version: the migration's version.
  /// - Returns: the entries, such as `7: [items, parents]`.
  public func entries(of version: MigrationVersion) -> [(key: String, entry: String)] {
    [(EffectDirective.deletes, deletes), (.changes, changes)].compactMap { directive, names in
      let known = names.filter(directive.canExpress)
      return known.isEmpty ? nil : (directive.rawValue, directive.entry(version, known))
    }
  }
}

/// Where effects on existing data can be declared for a migration.
enum DeclarationPlace {
  /// In its file.
  case file
  /// In fleet.yml under this version, since the checksum of the file is recorded in the databases.
  case fleetFile(MigrationVersion)

  /// How `names` are declared there: `'-- @deletes a, b'`, `'deletes: { 7: [a, b] }' in fleet.yml`.
  func declaration(_ directive: EffectDirective, _ names: [String]) -> String {
    switch self {
    case .file: "'-- @\(directive.rawValue) \(names.joined(separator: ", "))'"
    case .fleetFile(let version):
      "'\(directive.rawValue): { \(directive.entry(version, names)) }' in fleet.yml"
    }
  }
}

/// The directives that declare effects on existing data.
enum EffectDirective: String {
  /// `@deletes`: tables that may lose rows.
  case deletes
  /// `@changes`: columns whose content may change.
  case changes

  /// Whether the directive can express a name, given in lower case. It can't if the name contains a comma or a line
  /// break or begins or ends with a space, and for a column, if it contains another dot. Names with characters that a
  /// terminal doesn't show are not expressed either, since nobody could copy them.
  func canExpress(_ name: String) -> Bool {
    !name.isEmpty && Declarations.names(in: name) == [name] && name.harmless() == name
      && (self == .deletes || Declarations.isColumn(name))
  }

  /// How to declare `names`, as the end of a message: `words` and the declaration, and which names it can't express.
  func hint(_ words: String, _ names: [String], _ place: DeclarationPlace) -> String {
    let known = names.filter(canExpress)
    return (known.isEmpty ? "" : "\(words) \(place.declaration(self, known))") + remark(names)
  }

  /// An entry of the mapping in fleet.yml: `7: [a, b]`.
  func entry(_ version: MigrationVersion, _ names: [String]) -> String {
    "\(Self.scalar(version.description)): [\(names.map(Self.scalar).joined(separator: ", "))]"
  }

  /// A text as a YAML scalar, in quotes unless it is plain without them.
  private static func scalar(_ text: String) -> String {
    let isPlain = { (character: Character) in
      character.isASCII && (character.isLetter || character.isNumber || "_.".contains(character))
    }
    guard !text.allSatisfy(isPlain) else { return text }
    return "'\(text.replacing("'", with: "''"))'"
  }

  /// Says that the directive can't express some of `names`; empty if it can express all.
  func remark(_ names: [String]) -> String {
    let others = names.filter { !canExpress($0) }.map { "\"\($0)\"" }
    guard !others.isEmpty else { return "" }
    return
      "; @\(rawValue) can't express \(others.joined(separator: " and ")): rename it in a migration before"
  }

  /// The lines that name all that can be expressed.
  func lines(naming names: [String]) -> [String] {
    var lines: [String] = []
    for name in names where canExpress(name) {
      if let last = lines.last, last.count + 2 + name.count <= 72 {
        lines[lines.count - 1] = "\(last), \(name)"
      } else {
        lines.append("-- @\(rawValue) \(name)")
      }
    }
    return lines
  }
}

extension Array where Element: Hashable {
  /// The elements without repetitions, in the same order.
  var uniqued: [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
