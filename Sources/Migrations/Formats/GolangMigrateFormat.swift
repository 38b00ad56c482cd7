internal import SQLite
public import Schema

/// Files of golang-migrate (https://github.com/golang-migrate/migrate), such as `000001_create_users.up.sql`. They are
/// recorded in `schema_migrations (version, dirty)`, whose only row has the last version.
public struct GolangMigrateFormat: MigrationFormat {
  /// Creates the format, which has no options.
  public init() {}

  /// `golang-migrate`
  public var name: String { "golang-migrate" }

  /// Accepts files in the folder itself such as `1_name.up.sql`, with any ending, and those that undo a migration. The
  /// latter are never run.
  public func includes(_ path: String) -> Bool { Self.parts(of: path) != nil }

  /// Whether there are files that end in `.up.sql`.
  public func recognizes(_ paths: [String], reading text: (String) -> String?) -> Bool {
    paths.contains { path in path.hasSuffix(".up.sql") && includes(path) }
  }

  /// The number of a file, the migration's name, and whether the file undoes it; nil if it is no migration.
  private static func parts(of path: String) -> (digits: Substring, name: Substring, isDown: Bool)? {
    let digits = path.prefix { $0.isASCII && $0.isNumber }
    let rest = path.dropFirst(digits.count)
    let ups = rest.ranges(of: ".up.")
    let downs = rest.ranges(of: ".down.")
    guard !digits.isEmpty, rest.hasPrefix("_"), !path.contains("/"),
      let last = (ups + downs).max(by: { $0.lowerBound < $1.lowerBound })
    else { return nil }
    return (digits, rest[..<last.lowerBound].dropFirst(), downs.contains(last))
  }

  /// Reads whole files, except those that undo a migration.
  public func read(_ files: [MigrationFiles.File]) -> (migrations: [Migration], faults: [MigrationError]) {
    let read = readEach(files) { file throws(MigrationError) in
      guard let (digits, name, isDown) = Self.parts(of: file.name) else { return nil }
      guard let number = Int64(digits) else {
        throw MigrationError(.malformedName, file: file.name, "its number is too large")
      }
      return isDown ? nil : .foreign(version: MigrationVersion(number), name: String(name), file: file)
    }
    let versions = Set(read.migrations.compactMap(\.version))
    let lonely = files.filter { file in
      Self.parts(of: file.name).flatMap { Int64($0.digits) }.map { !versions.contains(MigrationVersion($0)) }
        ?? false
    }
    return (
      read.migrations,
      read.faults
        + lonely.map {
          MigrationError(
            .unreadable, file: $0.name,
            "there is no file .up.sql for this version, which golang-migrate would record")
        }
    )
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
      },
      settle: { version, isApplied in
        let before = migrations.last { $0.version.map { $0 < version } ?? false }
        guard let now = isApplied ? version : before?.version else {
          return ("DELETE FROM \(quoted(table)) WHERE version = ?", [version.value])
        }
        return (
          "UPDATE \(quoted(table)) SET version = ?, dirty = 0 WHERE version = ?", [now.value, version.value]
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
