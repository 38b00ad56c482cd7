internal import SQLite
public import Schema

/// Numbered files, recorded in a table of the application's own, which fleet.yml describes.
///
/// ```yaml
/// migrations:
///   path: migrations
///   format: custom
///   table: app_version
///   columns: { version: num, name: title, applied_at: at }
///   values: { kind: sql }
/// ```
public struct CustomFormat: MigrationFormat {
  private static let roles = ["version", "name", "checksum", "applied_at"]

  /// Creates the format, which has no options of its own.
  public init() {}

  /// `custom`
  public var name: String { "custom" }

  /// Accepts `.sql` files in the folder itself, except those that undo a migration. Those without a number are errors.
  public func includes(_ path: String) -> Bool { NumberedFile.isApplied(path) }

  /// Returns false.
  public func recognizes(_ paths: [String], reading text: (String) -> String?) -> Bool { false }

  /// Reads whole files. The version is the number, and the name is what follows it.
  public func read(_ files: [MigrationFiles.File]) -> (migrations: [Migration], faults: [MigrationError]) {
    readEach(files) { file throws(MigrationError) in
      let (number, name) = try NumberedFile.parse(file.name)
      return .foreign(version: MigrationVersion(number), name: name, file: file)
    }
  }

  /// Returns the table that fleet.yml describes, with SHA-256 in hexadecimal as the checksum.
  public func historyTable(
    _ migrations: [Migration], _ folder: MigrationFolder
  ) throws(MigrationError) -> any HistoryTable {
    guard let table = folder.table, let version = folder.columns["version"] else {
      throw MigrationError(
        .format, file: folder.path,
        "the format custom needs 'table' and 'columns: { version: NAME }' in fleet.yml, and can have name, checksum "
          + "and applied_at")
    }
    if let unknown = folder.columns.keys.sorted().first(where: { !Self.roles.contains($0) }) {
      throw MigrationError(
        .format, file: folder.path,
        "'columns' has no \(unknown); there are \(Self.roles.joined(separator: ", "))")
    }
    let names = migrations.namesByVersion
    let (name, checksum, time) = (
      folder.columns["name"], folder.columns["checksum"], folder.columns["applied_at"]
    )
    let fixed = folder.values.sorted { $0.key < $1.key }
    let columns = [version] + [name, checksum, time].compactMap { $0 } + fixed.map(\.key)
    let list = columns.map { quoted($0) }.joined(separator: ", ")
    let holders =
      ["?"] + [name, checksum].compactMap { $0.map { _ in "?" } } + [time.map(Self.now)].compactMap { $0 }
      + fixed.map { _ in "?" }
    let last = time.map { " FROM (SELECT max(\(quoted($0))) AS last FROM \(quoted(table)))" } ?? ""
    let insert = "INSERT INTO \(quoted(table)) (\(list)) SELECT \(holders.joined(separator: ", "))\(last)"
    let hasName = name != nil
    let hasChecksum = checksum != nil
    let digest: @Sendable (String, Migration) -> String = { text, _ in PrismaFormat.checksum(text) }
    let texts = fixed.map { Value.text($0.value) }
    return ToolHistoryTable(
      tool: "the application", name: table, create: ["CREATE TABLE IF NOT EXISTS \(quoted(table)) (\(list))"],
      columns: [version] + [name, checksum].compactMap { $0 },
      decode: { row in
        guard let text = row[0].asText, let number = Int64(text) else { return .unreadable }
        let version = MigrationVersion(number)
        let name = hasName ? row[1].text ?? "" : names[version] ?? ""
        return .applied(RecordedMigration(version, name, checksum: hasChecksum ? row.last?.text : nil))
      },
      insert: { migration, _ in
        var values = [migration.recordedVersion]
        if hasName { values.append(.text(migration.name)) }
        if hasChecksum { values.append(.text(PrismaFormat.checksum(migration.text))) }
        return [(insert, values + texts)]
      },
      delete: { ("DELETE FROM \(quoted(table)) WHERE \(quoted(version)) = ?", [$0.value]) },
      checksum: hasChecksum ? digest : nil, mustExist: true)
  }

  /// The current time in the form in which the column has the last one: seconds or milliseconds since 1970, or text with
  /// or without T and Z. Without a row, it is that of CURRENT_TIMESTAMP.
  private static func now(_ column: String) -> String {
    """
    CASE WHEN typeof(last) IN ('integer', 'real') AND last > 100000000000
        THEN CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)
      WHEN typeof(last) IN ('integer', 'real') THEN unixepoch('now')
      WHEN last LIKE '____-__-__T%Z' THEN strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
      WHEN last LIKE '____-__-__T%' THEN strftime('%Y-%m-%dT%H:%M:%f', 'now')
      ELSE CURRENT_TIMESTAMP END
    """
  }

  /// Returns one more than the highest number, in as many digits as the highest has.
  public func nextFile(
    _ name: String, after paths: [String]
  ) throws(MigrationError) -> (version: MigrationVersion, file: String) {
    try NumberedFile.nextLike(paths, name, digits: 4)
  }
}
