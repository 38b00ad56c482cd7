internal import SQLite
public import Schema

/// Files of golang-migrate (https://github.com/golang-migrate/migrate), such as `000001_create_users.up.sql`. They are
/// recorded in `schema_migrations (version, dirty)`, whose only row has the last version.
public struct GolangMigrateFormat: MigrationFormat {
  /// Creates the format, which has no options.
  public init() {}

  /// `golang-migrate`
  public var name: String { "golang-migrate" }

  /// An empty file, which no command accepts.
  public var template: String { "" }

  /// Accepts files in the folder itself that begin with a digit and end in `.up.sql`.
  public func includes(_ path: String) -> Bool {
    NumberedFile.isNumbered(path) && path.hasSuffix(".up.sql")
  }

  /// Whether there are files that end in `.up.sql`.
  public func recognizes(_ paths: [String], reading text: (String) -> String?) -> Bool {
    paths.contains(where: includes)
  }

  /// Reads whole files.
  public func read(_ files: [MigrationFiles.File]) -> (migrations: [Migration], faults: [MigrationError]) {
    readEach(files) { file throws(MigrationError) in
      let (number, name) = try NumberedFile.parse(file.name, separator: "_", ending: ".up.sql")
      return .foreign(version: MigrationVersion(number), name: name, file: file)
    }
  }

  /// Returns `schema_migrations`, or the table that fleet.yml names.
  public func historyTable(
    _ migrations: [Migration], _ folder: MigrationFolder
  ) throws(MigrationError) -> any HistoryTable {
    let table = folder.table ?? "schema_migrations"
    let names = migrations.namesByVersion
    let insert = "INSERT INTO \(quoted(table)) (version, dirty) VALUES (?, 0)"
    return ToolHistoryTable(
      tool: "golang-migrate", name: table,
      create: [
        "CREATE TABLE IF NOT EXISTS \(quoted(table)) (version uint64, dirty bool)",
        "CREATE UNIQUE INDEX IF NOT EXISTS version_unique ON \(quoted(table)) (version)",
      ],
      columns: ["version", "dirty"], isOnlyWith: ["version", "dirty"], known: migrations,
      decode: { row in
        guard let number = row[0].integer else { return .unreadable }
        let version = MigrationVersion(number)
        let reason = row[1].isTrue ? "dirty is set, because it failed or the tool crashed" : nil
        return .appliedUpTo(RecordedMigration(version, names[version] ?? "", unfinished: reason))
      },
      insert: { migration, _ in
        [("DELETE FROM \(quoted(table))", []), (insert, [migration.recordedVersion])]
      },
      delete: { version in
        let before = migrations.last { $0.version.map { $0 < version } ?? false }
        return (
          "UPDATE \(quoted(table)) SET version = ? WHERE version = ?",
          [before?.recordedVersion ?? 0, version.value]
        )
      })
  }

  /// Returns one more than the highest number, in six digits, or the current time where the files have times.
  public func nextFile(
    _ name: String, after paths: [String]
  ) throws(MigrationError) -> (version: MigrationVersion, file: String) {
    try NumberedFile.nextFile(name, after: paths, digits: 6, ending: ".up.sql")
  }
}
