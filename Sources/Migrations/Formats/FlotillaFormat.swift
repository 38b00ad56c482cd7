public import Schema

/// Files such as `0006_add_family_id.sql`: SQL with directives in comments, recorded in `schema_migrations`.
public struct FlotillaFormat: MigrationFormat {
  /// Creates the format, which has no options.
  public init() {}

  /// `flotilla`
  public var name: String { "flotilla" }

  /// Returns the table `schema_migrations`.
  public func historyTable(
    _ migrations: [Migration], _ folder: MigrationFolder
  ) throws(MigrationError) -> any HistoryTable {
    guard folder.table ?? SchemaMigrationsTable.name == SchemaMigrationsTable.name else {
      throw MigrationError(
        .format, file: folder.path, "the format flotilla records in schema_migrations, and in no other table")
    }
    return SchemaMigrationsTable()
  }

  /// Returns false: a folder that no other format recognizes is taken for this one.
  public func recognizes(_ paths: [String], reading text: (String) -> String?) -> Bool { false }

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

  /// Accepts `.sql` files in the folder itself, except hidden ones.
  public func includes(_ path: String) -> Bool {
    path.hasSuffix(".sql") && !path.hasPrefix(".") && !path.contains("/")
  }

  /// Reads a number, an underscore, and lower-case words from the file name.
  func identify(_ file: String) throws(MigrationError) -> (version: MigrationVersion, name: String) {
    let stem = file.dropLast(4)
    let digits = stem.prefix { $0.isASCII && $0.isNumber }
    let name = stem.dropFirst(digits.count + 1)
    guard let number = Int64(digits), number > 0, stem.dropFirst(digits.count).first == "_",
      Self.isPlainName(name)
    else {
      throw MigrationError(
        .malformedName, file: file,
        "a migration's name is a number, an underscore and lower-case words, such as 0007_add_email_to_users.sql"
      )
    }
    return (MigrationVersion(number), String(name))
  }

  /// Reads statements and directives.
  public func read(_ files: [MigrationFiles.File]) -> (migrations: [Migration], faults: [MigrationError]) {
    readEach(files) { file throws(MigrationError) in
      let (version, name) = try identify(file.name)
      return MigrationDraft(version: version, name: name, file: file.name, text: file.text)
    }
  }

  /// Returns one more than the highest number, with as many digits, but at least four.
  public func nextFile(
    _ name: String, after files: [String]
  ) throws(MigrationError) -> (version: MigrationVersion, file: String) {
    for file in files { _ = try identify(file) }
    let (number, digits) = try NumberedFile.next(after: files, digits: 4)
    return (MigrationVersion(number), "\(digits)_\(name).sql")
  }

  /// Whether a name consists of lower-case letters, digits and underscores, and begins with a letter.
  static func isPlainName(_ name: some StringProtocol) -> Bool {
    name.first?.isLetter == true
      && name.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "_") }
  }
}
