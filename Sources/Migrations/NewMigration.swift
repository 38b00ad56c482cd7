internal import Glibc

/// The next migration file of a folder.
public struct NewMigration {
  /// Its number: one more than the highest.
  public let version: Int64
  /// Where it goes.
  public let path: String

  private static let verbs: Set = [
    "add", "allow", "backfill", "change", "clear", "consolidate", "convert", "copy", "create", "delete",
    "drop",
    "enforce", "fill", "fix", "give", "index", "link", "make", "merge", "move", "normalize", "rebuild",
    "record",
    "remember", "remove", "rename", "replace", "require", "seed", "set", "shorten", "split", "tie", "trim",
    "unify",
    "update",
  ]

  /// Whether a name can be a migration's: lower-case letters, digits and underscores, a letter first.
  public static func isValid(_ name: String) -> Bool {
    (try? MigrationSet.parseName("1_\(name).sql")) != nil && name.utf8.count <= 200
  }

  /// Whether a name begins with what the migration does, as is the custom.
  public static func hasVerb(_ name: String) -> Bool {
    verbs.contains(name.prefix { $0 != "_" }.lowercased())
  }

  /// The valid name that is nearest to a text; nil where nothing of it could be one.
  public static func suggestion(for text: String) -> String? {
    let words = text.lowercased().replacing("e-mail", with: "e_mail").split {
      !($0.isASCII && ($0.isLetter || $0.isNumber))
    }
    let name = words.joined(separator: "_")
    return isValid(name) ? name : nil
  }

  /// Finds the number for `name`.
  ///
  /// - Throws: `MigrationError` where the folder can't be read, or a file in it has no migration's name, whose number
  ///   would not be known.
  public init(_ name: String, in folder: String) throws(MigrationError) {
    var highest: (version: Int64, width: Int) = (0, 4)
    for file in try MigrationFiles.names(in: folder) {
      let version = try MigrationSet.parseName(file).0
      if version > highest.version { highest = (version, file.prefix { $0.isNumber }.count) }
    }
    guard highest.version < .max else {
      throw MigrationError(.malformedName, file: folder, "there is no number after \(highest.version)")
    }
    version = highest.version + 1
    let digits = String(version)
    path =
      "\(folder)/\(String(repeating: "0", count: max(0, highest.width - digits.count)))\(digits)_\(name).sql"
  }

  /// Writes the template; a file that is there is never touched.
  ///
  /// As it is written no command accepts it, so that it can't be applied before it says something.
  /// - Throws: `MigrationError` where the file can't be made.
  public func write() throws(MigrationError) {
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw failure }
    let bytes = Array(Self.template.utf8)
    let isWritten = Glibc.write(file, bytes, bytes.count) == bytes.count
    guard close(file) == 0, isWritten else {
      unlink(path)
      throw failure
    }
  }

  private var failure: MigrationError {
    MigrationError(.unreadable, file: path, strerror(errno).map { String(cString: $0) } ?? "can't be written")
  }

  private static let template = """
    -- Say in a sentence what this is for.

    -- A step runs where its condition doesn't hold, so that what is there already is not made again:
    -- @unless column users.email
    -- ALTER TABLE users ADD COLUMN email TEXT;

    """
}
