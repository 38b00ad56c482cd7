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

  /// An empty file, which no command accepts.
  public var template: String { "" }

  /// Accepts `.sql` files in the folder itself that begin with a digit, except those that undo a migration.
  public func includes(_ path: String) -> Bool {
    NumberedFile.isNumbered(path) && !path.hasSuffix(".down.sql")
  }

  /// Returns false.
  public func recognizes(_ paths: [String], reading text: (String) -> String?) -> Bool { false }

  /// Reads whole files. The version is the number, and the name is what follows it.
  public func read(_ files: [MigrationFiles.File]) -> (migrations: [Migration], faults: [MigrationError]) {
    readEach(files) { file throws(MigrationError) in
      let digits = file.name.prefix { $0.isASCII && $0.isNumber }
      guard let number = Int64(digits) else {
        throw MigrationError(.malformedName, file: file.name, "the number is too large")
      }
      let ending = file.name.hasSuffix(".up.sql") ? 7 : 4
      let name = file.name.dropFirst(digits.count).dropLast(ending).drop { "_-.".contains($0) }
      return .foreign(version: MigrationVersion(number), name: String(name), file: file)
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
      ["?"] + [name, checksum].compactMap { $0.map { _ in "?" } } + (time == nil ? [] : ["CURRENT_TIMESTAMP"])
      + fixed.map { _ in "?" }
    let insert = "INSERT INTO \(quoted(table)) (\(list)) VALUES (\(holders.joined(separator: ", ")))"
    let hasName = name != nil
    let hasChecksum = checksum != nil
    let digest: @Sendable (String, Migration) -> String = { text, _ in PrismaFormat.checksum(text) }
    let texts = fixed.map { Value.text($0.value) }
    return ToolHistoryTable(
      tool: "the application", name: table, create: ["CREATE TABLE IF NOT EXISTS \(quoted(table)) (\(list))"],
      columns: [version] + [name, checksum].compactMap { $0 },
      decode: { row in
        guard let text = row[0].asText else { return .unreadable }
        let version = MigrationVersion(text)
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

  /// Returns one more than the highest number, in as many digits as the highest has.
  public func nextFile(
    _ name: String, after paths: [String]
  ) throws(MigrationError) -> (version: MigrationVersion, file: String) {
    try NumberedFile.nextFile(name, after: paths, digits: 4)
  }
}
