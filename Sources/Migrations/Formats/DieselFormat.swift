internal import SQLite
public import Schema

/// Folders of Diesel (https://diesel.rs), such as `2024-01-01-120000_create_users` with `up.sql` and `down.sql`. They are
/// recorded in `__diesel_schema_migrations`.
public struct DieselFormat: MigrationFormat {
  /// Creates the format, which has no options.
  public init() {}

  /// `diesel`
  public var name: String { "diesel" }

  /// Accepts the files `up.sql`, `down.sql` and `metadata.toml` of each folder. The second is never run.
  public func includes(_ path: String) -> Bool {
    ["/up.sql", "/down.sql", "/metadata.toml"].contains { path.hasSuffix($0) }
  }

  /// Whether there is a folder with the file `up.sql`.
  public func recognizes(_ paths: [String], reading text: (String) -> String?) -> Bool {
    paths.contains { $0.hasSuffix("/up.sql") }
  }

  /// Reads `up.sql` of each folder.
  public func read(_ files: [MigrationFiles.File]) -> (migrations: [Migration], faults: [MigrationError]) {
    let folders = Dictionary(grouping: files) { String($0.name.prefix { $0 != "/" }) }
    let outside = Set(
      files.filter { $0.name.hasSuffix("/metadata.toml") && Self.isOutsideTransaction($0.text) }.map {
        $0.name.prefix { $0 != "/" }
      })
    let missing = folders.keys.sorted().filter { folder in
      !files.contains { $0.name == "\(folder)/up.sql" }
    }
    let read = readEach(files.filter { $0.name.hasSuffix("/up.sql") }) { file throws(MigrationError) in
      let folder = file.name.prefix { $0 != "/" }
      let version = folder.prefix { $0 != "_" }.filter { $0 != "-" }
      guard !version.isEmpty else {
        throw MigrationError(
          .malformedName, file: file.name,
          "the folder of a migration begins with its version, such as 2024-01-01-120000_add_email")
      }
      let name = folder.dropFirst(folder.prefix { $0 != "_" }.count + 1)
      return .foreign(
        version: MigrationVersion(version), name: String(name), file: file,
        isOutsideTransaction: outside.contains(folder))
    }
    let faults = missing.map { MigrationError(.unreadable, file: $0, "there is no up.sql in this folder") }
    // Diesel sorts the versions as text.
    let misordered = Self.misordered(read.migrations) { one, other in
      "\(one.version ?? 0)".utf8.lexicographicallyPrecedes("\(other.version ?? 0)".utf8)
    }
    return (read.migrations, read.faults + faults + misordered)
  }

  private static func isOutsideTransaction(_ text: String) -> Bool {
    text.split(whereSeparator: \.isNewline).contains { line in
      line.filter { !$0.isWhitespace }.hasPrefix("run_in_transaction=false")
    }
  }

  /// Returns `__diesel_schema_migrations`, or the table that fleet.yml names.
  public func historyTable(
    _ migrations: [Migration], _ folder: MigrationFolder
  ) throws(MigrationError) -> any HistoryTable {
    let table = folder.table ?? "__diesel_schema_migrations"
    return ToolHistoryTable(
      tool: "Diesel", name: table,
      create: """
        CREATE TABLE IF NOT EXISTS \(quoted(table)) (version VARCHAR(50) PRIMARY KEY NOT NULL,
          run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)
        """, version: "version", time: "run_on", of: migrations)
  }

  /// Returns `up.sql` in a folder that begins with the current time.
  public func nextFile(
    _ name: String, after paths: [String]
  ) throws(MigrationError) -> (version: MigrationVersion, file: String) {
    let time = NumberedFile.timestamp()
    let digits = Array(time)
    let date = [digits[0..<4], digits[4..<6], digits[6..<8], digits[8..<14]].map { String($0) }
    return (MigrationVersion(time), date.joined(separator: "-") + "_\(name)/up.sql")
  }
}
