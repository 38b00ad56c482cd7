internal import Basics

/// The `id` of an entry with `files`: text and placeholders, such as `store-{name}`.
///
/// An id depends on the file's own path alone. So it stays the same when other files appear or go.
public struct IDPattern: Sendable, Hashable, CustomStringConvertible {
  /// What stands for a part of a file's path.
  public enum Placeholder: String, Sendable, CaseIterable {
    /// The file name without its extension.
    case name
    /// The name of the folder that contains the file.
    case parent
    /// The name of the folder that contains that folder.
    case grandparent
    /// The path as the pattern for the files gives it: from the folder of the fleet file, or absolute.
    case path

    /// The placeholder as it is written.
    var written: String { "{\(rawValue)}" }
  }

  /// Why a text is not a pattern for ids, or why it gives a file no id.
  enum Mistake: Error, Sendable, Equatable {
    case unknown(String)
    case brace
    case missing(Placeholder)

    /// One sentence without a full stop.
    var message: String {
      switch self {
      case .unknown(let word):
        "unknown placeholder \"{\(word)}\"; there are "
          + "\(Placeholder.allCases.map(\.written).joined(separator: ", "))"
      case .brace: "a \"{\" or \"}\" that doesn't belong to a placeholder"
      case .missing(let placeholder):
        "the path has no name for \(placeholder.written); write the pattern without \"..\", or choose another id"
      }
    }

    /// What was probably meant, or nil.
    var suggestion: String? {
      guard case .unknown(let word) = self else { return nil }
      return Suggestion.nearest(to: word, in: Placeholder.allCases.map(\.rawValue)).map { "{\($0)}" }
    }
  }

  private enum Piece: Sendable, Hashable {
    case text(String)
    case placeholder(Placeholder)
  }

  /// The pattern as it was written.
  public let description: String
  private let pieces: [Piece]

  /// The file name without its extension.
  static let name = IDPattern(.name)
  /// The relative path, which no other file has.
  static let path = IDPattern(.path)

  private init(_ placeholder: Placeholder) {
    description = placeholder.written
    pieces = [.placeholder(placeholder)]
  }

  /// The ids of an entry that has no pattern of its own: the names, unless two files could share one.
  init(defaultFor files: FilePattern) { self = files.hasDistinctNames ? .name : .path }

  /// Parses a pattern.
  init(_ text: String) throws(Mistake) {
    var (pieces, rest) = ([Piece](), text[...])
    while !rest.isEmpty {
      let plain = rest.prefix { $0 != "{" && $0 != "}" }
      if !plain.isEmpty { pieces.append(.text(String(plain))) }
      rest = rest[plain.endIndex...]
      guard let brace = rest.popFirst() else { break }
      guard brace == "{", let end = rest.firstIndex(of: "}") else { throw .brace }
      let word = String(rest[..<end])
      guard let placeholder = Placeholder(rawValue: word) else { throw .unknown(word) }
      pieces.append(.placeholder(placeholder))
      rest = rest[rest.index(after: end)...]
    }
    description = text
    self.pieces = pieces
  }

  /// The id of a file.
  ///
  /// - Parameters:
  ///   - path: the file's path, absolute.
  ///   - folder: the folder from which `{path}` starts; nil for the absolute path. It contains the file.
  /// - Returns: the id; whether it is allowed is not checked.
  /// - Throws: `Mistake.missing` if the path has no such part.
  func id(of path: String, in folder: String?) throws(Mistake) -> String {
    var id = ""
    for piece in pieces {
      switch piece {
      case .text(let text): id += text
      case .placeholder(.name): id += Self.name(of: path)
      case .placeholder(.parent): id += try Self.folder(of: path, levels: 1, for: .parent)
      case .placeholder(.grandparent): id += try Self.folder(of: path, levels: 2, for: .grandparent)
      case .placeholder(.path): id += Self.relative(path, to: folder)
      }
    }
    return id
  }

  /// The file name without its extension. A name whose only dot is its first character is kept whole.
  static func name(of path: String) -> String {
    let name = fileName(of: path)
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return name }
    return String(name[..<dot])
  }

  private static func folder(
    of path: String, levels: Int, for placeholder: Placeholder
  ) throws(Mistake) -> String {
    var folder = path
    for _ in 0..<levels { folder = parentFolder(of: folder) }
    let name = fileName(of: folder)
    guard !name.isEmpty, name != ".." else { throw .missing(placeholder) }
    return name
  }

  private static func relative(_ path: String, to folder: String?) -> String {
    guard let folder else { return path }
    let length = folder == "/" ? 1 : folder.utf8.count + 1
    return String(Substring(path.utf8.dropFirst(length)))
  }
}
