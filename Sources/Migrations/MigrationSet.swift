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

  /// The program that migrates the databases; nil if files do.
  public var program: MigrationProgram? { files.folder.program }

  /// The schema that the program makes of an empty database; nil if files make it.
  let madeSchema: MadeSchema?

  /// Why the application's migrations can't be used; nil if they can.
  ///
  /// If it isn't nil, the set is empty and serves only work that applies nothing. The pending migrations are then
  /// unknown.
  public var problem: String? { files.problem }

  /// Represents migrations that can't be used.
  ///
  /// - Parameters:
  ///   - problem: the reason, for people.
  ///   - folder: where the migrations should be. Its format tells the history table.
  public init(unusable problem: String, in folder: MigrationFolder) {
    var (folder, faults) = (folder, [MigrationError]())
    if folder.format == nil, let paths = try? MigrationFiles.paths(in: folder.path) {
      folder.format = (try? MigrationFiles.format(of: folder, paths))?.name
    }
    (folder.deletes, folder.changes) = ([:], [:])
    self.init(MigrationFiles(problem: problem, in: folder), &faults)
  }

  /// Reads, parses and validates all files.
  ///
  /// - Parameters:
  ///   - folder: the folder with the migrations, and their format.
  ///   - baseline: the path of the baseline; nil if there is none.
  ///   - schema: the path of the script for fresh installations; nil if there is none.
  /// - Returns: the complete set.
  /// - Throws: `MigrationError` with file and line, also if the folder has no migration.
  public static func load(
    _ folder: MigrationFolder, baseline: String? = nil, schema: String? = nil
  ) throws(MigrationError) -> MigrationSet {
    let set = try MigrationSet(MigrationFiles(folder, baseline: baseline, schema: schema))
    guard !set.migrations.isEmpty else {
      throw MigrationError(
        .unreadable, file: folder.path,
        set.files.format is FlotillaFormat
          ? "there is no migration (such as 0001_create_tables.sql) in it"
          : "there is no migration of \(set.files.format.name) in it")
    }
    return set
  }

  /// Reads, parses and validates all files of a folder whose format the files tell.
  public static func load(
    folder: String, baseline: String? = nil, schema: String? = nil
  ) throws(MigrationError) -> MigrationSet {
    try load(MigrationFolder(folder), baseline: baseline, schema: schema)
  }

  /// Represents the migrations of a program, by what it made of an empty database.
  ///
  /// - Parameters:
  ///   - folder: the settings, with the program.
  ///   - table: where the program records what it has applied.
  ///   - history: what it recorded in the empty database. Each record counts as a migration without statements.
  ///   - schema: what it made of the empty database.
  public init(_ folder: MigrationFolder, _ table: any HistoryTable, _ history: History, _ schema: MadeSchema)
  {
    files = MigrationFiles(problem: nil, in: folder)
    historyTable = table
    madeSchema = schema
    (baseline, self.schema, tablesMade) = (nil, nil, [])
    migrations = history.versions.map { version in
      let draft = MigrationDraft(
        version: version, name: history.recorded?[version] ?? "", file: "\(version)", text: "")
      return Migration(draft, declarations: Declarations(), steps: [])
    }
    digest = Self.digest(nil, migrations, nil, folder.program?.canonicalText ?? "")
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
    let read = format.read(files.migrations)
    var errors = read.faults
    var found: [MigrationVersion: Migration] = [:]
    for migration in read.migrations {
      guard let version = migration.version else { continue }
      if let other = found.updateValue(migration, forKey: version) {
        errors.append(
          MigrationError(
            .duplicateVersion, file: migration.file,
            "version \(version) is taken by \(other.file): give one of them another number"))
      }
    }
    faults += Self.sorted(errors, by: files.migrations)
    for (key, named) in [("deletes", files.folder.deletes), ("changes", files.folder.changes)] {
      for (text, names) in named.sorted(by: { $0.key < $1.key }) {
        let version = MigrationVersion(text)
        if key == "deletes" {
          found[version]?.declarations.allowLosses(of: names)
        } else {
          found[version]?.declarations.allowChanges(of: names)
        }
        guard found[version] == nil, faults.isEmpty else { continue }
        faults.append(
          MigrationError(
            .format, file: files.folder.path,
            "'\(key)' in fleet.yml names version \(text), which is not there"))
      }
    }
    var first: Migration?
    if let file = files.baseline {
      let draft = MigrationDraft(version: nil, name: "baseline", file: file.name, text: file.text)
      let parsed = MigrationParser.parse(draft)
      first = parsed.migration
      faults += parsed.faults
    }
    self.files = files
    madeSchema = nil
    baseline = first
    migrations = found.sorted { $0.key < $1.key }.map(\.value)
    historyTable = Self.historyTable(format, migrations, files.folder, &faults)
    let statements = migrations.flatMap(\.steps).flatMap(\.statements)
    tablesMade = Set(
      statements.compactMap {
        if case .create(let table) = ClassifiedStatement($0).kind { table } else { nil }
      }
    ).subtracting(historyTable.ownTables.union([historyTable.name]))
    schema = files.schema.map { (text: $0.text, file: $0.name) }
    digest = Self.digest(baseline, migrations, schema?.text, format.name)
  }

  /// The errors in the order of their files. Those of one file keep their order.
  private static func sorted(_ errors: [MigrationError], by files: [MigrationFiles.File]) -> [MigrationError]
  {
    let places = Dictionary(files.enumerated().map { ($1.name, $0) }) { first, _ in first }
    let sorted = errors.enumerated().sorted { one, other in
      (places[one.element.file] ?? 0, one.offset) < (places[other.element.file] ?? 0, other.offset)
    }
    return sorted.map(\.element)
  }

  /// The table of the format, or another one, which must not be used, and an error.
  private static func historyTable(
    _ format: any MigrationFormat, _ migrations: [Migration], _ folder: MigrationFolder,
    _ faults: inout [MigrationError]
  ) -> any HistoryTable {
    do {
      return try format.historyTable(migrations, folder)
    } catch {
      faults.append(error)
      return SchemaMigrationsTable()
    }
  }

  /// Rules that leave the history's own tables out of the schema, if they are no part of the application's schema.
  public var historyRules: [IgnoreRule] {
    historyTable.ownTables.sorted().map(IgnoreRule.init(historyTable:))
  }

  private static func digest(
    _ baseline: Migration?, _ migrations: [Migration], _ schema: String?,
    _ format: String
  ) -> Fingerprint {
    var parts = migrations.map { "\($0.version ?? 0) \($0.name) \($0.digest)\n" }
    if let baseline { parts.append("baseline \(baseline.digest)\n") }
    if let schema { parts.append("schema \(Fingerprint(of: schema.utf8))\n") }
    if format != "flotilla" { parts.append("format \(format)\n") }
    return Fingerprint(of: parts.joined().utf8)
  }
}
