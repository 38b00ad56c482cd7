internal import SQLite
public import Schema

/// Files of wrangler for Cloudflare D1, such as `0001_create_users.sql`. They are recorded in `d1_migrations`.
///
/// Nothing in the files tells this format, so fleet.yml has to name it.
public struct D1Format: MigrationFormat {
  /// Creates the format, which has no options.
  public init() {}

  /// `d1`
  public var name: String { "d1" }

  /// Accepts `.sql` files in the folder itself. Those that don't begin with a number are errors, as wrangler runs them
  /// too.
  public func includes(_ path: String) -> Bool { FlotillaFormat().includes(path) }

  /// Returns false.
  public func recognizes(_ paths: [String], reading text: (String) -> String?) -> Bool { false }

  /// Reads whole files. The version is the file's name.
  public func read(_ files: [MigrationFiles.File]) -> (migrations: [Migration], faults: [MigrationError]) {
    let read = readEach(files) { file throws(MigrationError) in
      let (_, name) = try NumberedFile.parse(file.name, separator: "_")
      return .foreign(version: MigrationVersion(file.name), name: name, file: file)
    }
    return (read.migrations, read.faults + Self.ambiguous(read.migrations))
  }

  /// Errors for migrations with the same number, whose order wrangler doesn't define.
  private static func ambiguous(_ migrations: [Migration]) -> [MigrationError] {
    let numbers = Dictionary(grouping: migrations) { Int64($0.file.prefix { $0 != "_" }) }
    return numbers.values.filter { $0.count > 1 }.compactMap { same in
      same.last.map {
        MigrationError(
          .duplicateVersion, file: $0.file,
          "its number is that of \(same[0].file), so their order is not defined")
      }
    }
  }

  /// Returns `d1_migrations`, or the table that fleet.yml names.
  public func historyTable(
    _ migrations: [Migration], _ folder: MigrationFolder
  ) throws(MigrationError) -> any HistoryTable {
    let table = folder.table ?? "d1_migrations"
    return ToolHistoryTable(
      tool: "wrangler", name: table,
      create: """
        CREATE TABLE IF NOT EXISTS \(quoted(table)) (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE,
          applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)
        """, version: "name", time: "applied_at", of: migrations)
  }

  /// Returns one more than the highest number, in four digits.
  public func nextFile(
    _ name: String, after paths: [String]
  ) throws(MigrationError) -> (version: MigrationVersion, file: String) {
    let file = try NumberedFile.nextFile(name, after: paths, digits: 4).file
    return (MigrationVersion(file), file)
  }
}
