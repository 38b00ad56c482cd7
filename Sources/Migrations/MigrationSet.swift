public import Schema

/// The migrations of one application, with its baseline and its schema for fresh installations.
///
/// ```swift
/// let set = try MigrationSet.load(folder: "migrations", baseline: "baseline.sql")
/// let history = try set.historyTable.read(database)
/// let plan = set.plan(for: history)
/// print("\(plan.pending.count) pending, latest is \(set.latest)")
/// ```
///
/// ``MigrationFiles`` reads the texts, ``Migration`` is one parsed file, and ``Migrator`` applies a ``Plan``.
public struct MigrationSet: Sendable {
  /// The baseline, which runs first on a database without a history table; nil if there is none.
  public let baseline: Migration?
  /// The migrations in ascending order of their versions.
  public let migrations: [Migration]
  /// The script that creates a fresh installation, and its file's name; nil if there is none.
  public let schema: (text: String, file: String)?
  /// SHA-256 over versions, names and contents of all files.
  public let digest: Fingerprint

  /// The highest version, or 0 if there are no migrations.
  public var latest: MigrationVersion { migrations.last?.version ?? 0 }

  /// The name of a version; nil if the set doesn't have it.
  public func name(of version: MigrationVersion) -> String? {
    migrations.first { $0.version == version }?.name
  }

  /// The tables that the migrations create, even if a later migration drops them; in lower case.
  public let tablesMade: Set<String>

  /// The table in which databases record these migrations.
  public let historyTable: any HistoryTable

  /// The files from which the set was made.
  public let files: MigrationFiles

  /// Why the application's migrations can't be used; nil if they can.
  ///
  /// If it isn't nil, the set is empty and serves only work that applies nothing. The pending migrations are then
  /// unknown.
  public var problem: String? { files.problem }

  /// Represents migrations that can't be used.
  ///
  /// - Parameter problem: the reason, for people.
  public init(unusable problem: String) {
    var faults: [MigrationError] = []
    self.init(MigrationFiles(problem: problem), &faults)
  }

  /// Reads, parses and validates all files.
  ///
  /// - Parameters:
  ///   - folder: the folder with files such as `0001_name.sql`. Files that don't end in `.sql` are ignored.
  ///   - baseline: the path of the baseline; nil if there is none.
  ///   - schema: the path of the script for fresh installations; nil if there is none.
  /// - Returns: the complete set.
  /// - Throws: `MigrationError` with file and line, also if the folder has no migration.
  public static func load(folder: String, baseline: String? = nil, schema: String? = nil)
    throws(MigrationError) -> MigrationSet
  {
    let set = try MigrationSet(MigrationFiles(folder: folder, baseline: baseline, schema: schema))
    guard !set.migrations.isEmpty else {
      throw MigrationError(
        .unreadable, file: folder, "there is no migration (such as 0001_create_tables.sql) in it")
    }
    return set
  }

  /// Parses and validates files that have already been read.
  ///
  /// - Throws: `MigrationError` with file and line: the first of all errors.
  public init(_ files: MigrationFiles) throws(MigrationError) {
    var faults: [MigrationError] = []
    self.init(files, &faults)
    if let first = faults.first { throw first }
  }

  /// Parses and validates files that have already been read, and appends all errors to `faults`. If there are any, the
  /// set must not be used.
  init(_ files: MigrationFiles, _ faults: inout [MigrationError]) {
    let format = files.format
    var found: [MigrationVersion: Migration] = [:]
    for file in files.migrations {
      do throws(MigrationError) {
        let (version, name) = try format.identify(file.name)
        if let other = found[version] {
          throw MigrationError(
            .duplicateVersion, file: file.name,
            "version \(version) is taken by \(other.file): give one of them another number")
        }
        let parsed = format.parse(file.text, file: file.name, version: version, name: name)
        found[version] = parsed.migration
        faults += parsed.faults
      } catch {
        faults.append(error)
      }
    }
    var first: Migration?
    if let file = files.baseline {
      let parsed = format.parse(file.text, file: file.name, version: nil, name: "baseline")
      first = parsed.migration
      faults += parsed.faults
    }
    self.files = files
    historyTable = format.historyTable
    baseline = first
    migrations = found.sorted { $0.key < $1.key }.map(\.value)
    let statements = migrations.flatMap(\.steps).flatMap(\.statements)
    tablesMade = Set(
      statements.compactMap {
        if case .create(let table) = ClassifiedStatement($0).kind { table } else { nil }
      }
    ).subtracting([historyTable.name])
    schema = files.schema.map { (text: $0.text, file: $0.name) }
    digest = Self.digest(baseline, migrations, schema?.text)
  }

  private static func digest(_ baseline: Migration?, _ migrations: [Migration], _ schema: String?)
    -> Fingerprint
  {
    var parts = migrations.map { "\($0.version ?? 0) \($0.name) \($0.digest)\n" }
    if let baseline { parts.append("baseline \(baseline.digest)\n") }
    if let schema { parts.append("schema \(Fingerprint(of: schema.utf8))\n") }
    return Fingerprint(of: parts.joined().utf8)
  }
}
