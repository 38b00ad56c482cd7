public import Schema

/// Files such as `0006_add_family_id.sql`: SQL with directives in comments, recorded in `schema_migrations`.
public struct FlotillaFormat: MigrationFormat {
  /// The longest name of a migration, in bytes. File systems limit the whole file name to 255.
  private static let longestName = 200

  /// Creates the format, which has no options.
  public init() {}

  /// The history table, `schema_migrations`.
  public var historyTable: any HistoryTable { SchemaMigrationsTable() }

  /// The content of a new file: only comments. A file without statements is an error, so a new file can't be applied
  /// before somebody has written a migration into it.
  public var template: String {
    """
    -- Say in a sentence what this is for.

    -- A step runs where its condition doesn't hold, so that what is there already is not made again:
    -- @unless column users.email
    -- ALTER TABLE users ADD COLUMN email TEXT;

    """
  }

  /// Accepts `.sql` files, except hidden ones.
  public func includes(_ file: String) -> Bool { file.hasSuffix(".sql") && !file.hasPrefix(".") }

  /// Reads a number, an underscore, and lower-case words from the file name.
  public func identify(_ file: String) throws(MigrationError) -> (version: MigrationVersion, name: String) {
    let stem = file.dropLast(4)
    let digits = stem.prefix { $0.isASCII && $0.isNumber }
    let name = stem.dropFirst(digits.count + 1)
    let isPlain = { (c: Character) in c.isASCII && (c.isLowercase || c.isNumber || c == "_") }
    guard let number = Int64(digits), number > 0, stem.dropFirst(digits.count).first == "_",
      name.first?.isLetter == true, name.allSatisfy(isPlain)
    else {
      throw MigrationError(
        .malformedName, file: file,
        "a migration's name is a number, an underscore and lower-case words, such as 0007_add_email_to_users.sql"
      )
    }
    return (MigrationVersion(number), String(name))
  }

  /// Reads statements and directives.
  public func parse(
    _ text: String, file: String, version: MigrationVersion?, name: String
  ) -> (migration: Migration, faults: [MigrationError]) {
    MigrationParser.parse(text, file: file, version: version, name: name)
  }

  /// Returns one more than the highest number, with as many digits, but at least four.
  public func nextFile(
    _ name: String, after files: [String]
  ) throws(MigrationError) -> (version: MigrationVersion, file: String) {
    var highest: (number: Int64, width: Int, file: String) = (0, 4, "")
    for file in files {
      let number = try identify(file).version.number
      if number > highest.number { highest = (number, file.prefix { $0.isNumber }.count, file) }
    }
    guard highest.number < .max else {
      throw MigrationError(.malformedName, file: highest.file, "there is no number after \(highest.number)")
    }
    let digits = String(highest.number + 1)
    let zeros = String(repeating: "0", count: max(0, highest.width - digits.count))
    return (MigrationVersion(highest.number + 1), "\(zeros)\(digits)_\(name).sql")
  }

  /// Accepts lower-case letters, digits and underscores, beginning with a letter.
  public func isValid(_ name: String) -> Bool {
    (try? identify("1_\(name).sql")) != nil && name.utf8.count <= Self.longestName
  }
}
