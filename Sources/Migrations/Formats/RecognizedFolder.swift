internal import Basics

/// A folder, and the formats for which its files can have been written.
///
/// ```swift
/// let folder = try RecognizedFolder("/srv/shop/db/migrations")
/// print(folder.formats.map(\.name))  // ["golang-migrate", "sqlx"]
/// let sets = try folder.sets()
/// ```
///
/// A ``MigrationFolder`` has one format. This type is for code that can ask the databases which one that is.
public struct RecognizedFolder: Sendable {
  /// The path of the folder.
  public let path: String
  /// The formats for one of which the files were certainly written; empty if nothing tells a format.
  public let formats: [any MigrationFormat]
  /// Whether there are files of SQL in the folder itself whose names begin with a number.
  public let isNumbered: Bool
  /// Whether there are files of SQL in the folder itself.
  public let hasScripts: Bool
  /// Whether one of the formats takes files of the folder itself.
  public let hasOwnFiles: Bool
  /// Whether one of the formats takes files of the folders in this one.
  public let hasInnerFiles: Bool

  /// Larger files are not read to recognize a format: no tool's marker is looked for in a dump.
  private static let largest = 64 << 20

  /// Looks at the names of the files, and into those that are needed to tell the format.
  ///
  /// - Throws: `MigrationError` if the folder or a folder in it can't be read.
  public init(_ path: String) throws(MigrationError) {
    let paths = try MigrationFiles.paths(in: path)
    var texts: [String: String?] = [:]
    let text: (String) -> String? = { name in
      if let known = texts[name] { return known }
      let text = Self.text(of: "\(path)/\(name)")
      texts.updateValue(text, forKey: name)
      return text
    }
    let formats = MigrationFormats.all.filter { $0.recognizes(paths, reading: text) }
    self.path = path
    self.formats = formats
    isNumbered = paths.contains(where: NumberedFile.isNumbered)
    hasScripts = paths.contains { $0.hasSuffix(".sql") && !$0.contains("/") }
    let taken = paths.filter { path in formats.contains { $0.includes(path) } }
    hasOwnFiles = taken.contains { !$0.contains("/") }
    hasInnerFiles = taken.contains { $0.contains("/") }
  }

  /// Represents a folder without files, which need not exist yet.
  public init(empty path: String) {
    self.path = path
    formats = []
    (isNumbered, hasScripts, hasOwnFiles, hasInnerFiles) = (false, false, false, false)
  }

  private static func text(of path: String) -> String? {
    guard let file = try? OpenFile(reading: path), let size = try? file.size(), size <= largest,
      let bytes = try? file.readAll(limit: largest)
    else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  /// Parses the files with each format for which they can have been written. Where nothing tells one, that is every
  /// format that finds no mistake in them.
  ///
  /// - Returns: the sets, at least one, in the order of ``MigrationFormats/all``.
  /// - Throws: `MigrationError` if there is a mistake with every format: the first one of the first format.
  public func sets() throws(MigrationError) -> [MigrationSet] {
    var (sets, first) = ([MigrationSet](), MigrationError?.none)
    for format in formats.isEmpty ? MigrationFormats.all : formats {
      do throws(MigrationError) {
        sets.append(try MigrationSet.load(MigrationFolder(path, format: format.name)))
      } catch {
        first = first ?? error
      }
    }
    if sets.isEmpty, let first { throw first }
    return sets
  }
}
