public import Schema

/// The migrations of one application, with its baseline and its schema for fresh installations.
public struct MigrationSet: Sendable {
  /// What runs first on a database without `schema_migrations`.
  public let baseline: Migration?
  /// The migrations by version.
  public let migrations: [Migration]
  /// The script that makes a fresh installation, and its file's name.
  public let schema: (text: String, file: String)?
  /// SHA-256 over versions, names and contents of all files.
  public let digest: Fingerprint

  /// The highest version, or 0 where there is none.
  public var latest: MigrationVersion { migrations.last?.version ?? 0 }

  /// The name of a version.
  public func name(of version: MigrationVersion) -> String? {
    migrations.first { $0.version == version }?.name
  }

  /// The tables that the migrations make, whether they are there in the end or not; in lower case.
  public let tablesMade: Set<String>

  /// Where databases record which of them they have.
  public let historyTable: any HistoryTable

  /// The files that it was made from.
  public let files: MigrationFiles

  /// Why the application's migrations can't be used; nil where they can.
  ///
  /// The set is empty then and serves work that applies nothing: what is pending for a database is not known.
  public var problem: String? { files.problem }

  /// Stands for migrations that can't be used.
  ///
  /// - Parameter problem: why, for people.
  public init(unusable problem: String) {
    var faults: [MigrationError] = []
    self.init(MigrationFiles(problem: problem), &faults)
  }

  /// Reads and checks all files.
  ///
  /// - Parameters:
  ///   - folder: the folder of `0001_name.sql` files; others than `.sql` in it don't count.
  ///   - baseline: path of the baseline, if there is one.
  ///   - schema: path of the script for fresh installations, if there is one.
  /// - Returns: the whole set.
  /// - Throws: `MigrationError` with file and line.
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

  /// Checks files that were read already.
  ///
  /// - Throws: `MigrationError` with file and line.
  public init(_ files: MigrationFiles) throws(MigrationError) {
    var faults: [MigrationError] = []
    self.init(files, &faults)
    if let first = faults.first { throw first }
  }

  /// Checks files that were read already, and adds all that is wrong with them to `faults`; with one the set is not
  /// to be used.
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
