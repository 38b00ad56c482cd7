internal import Basics
public import Migrations
public import Schema

/// What is known about an application's migrations and databases, before it has a fleet file.
///
/// ```swift
/// let found = try FoundMigrations.named("/srv/shop/db/migrations")
/// let databases = try DatabaseSearch(below: "/srv/shop")
/// let survey = try Survey(found, databases, format: nil)
/// let text = try survey.fleetFile("fleet.yml", in: "/srv/shop").text
/// ```
///
/// Nothing is written, and no program runs. Of many databases, a sample is read.
public struct Survey: Sendable {
  /// What a database was found to be.
  public enum State: Hashable, Sendable {
    /// It records versions, of which this is the highest.
    case version(MigrationVersion)
    /// It has tables and no history.
    case untracked
    /// It has no tables.
    case new
    /// It has a half-done migration, for this reason.
    case halfDone(String)
    /// It has a history that can't be used, for this reason.
    case obstructed(String)
    /// Another tool keeps its history, in this place.
    case foreign(String)
    /// It can't be read, for this reason.
    case unreadable(String)
  }

  /// The settings for fleet.yml. The path is absolute.
  public let migrations: MigrationFolder
  /// The migrations; empty if there are none yet, or if a program has them.
  public let files: [Migration]
  /// Where databases record the migrations, for people: `table goose_db_version`.
  public let history: String
  /// The databases.
  public let databases: DatabaseSearch
  /// The databases that were read, in order, and their states.
  public let states: [(path: String, state: State)]

  /// Looks into the databases.
  ///
  /// - Parameters:
  ///   - found: the migrations.
  ///   - databases: the databases.
  ///   - name: the format that the user has named; nil to find it out.
  /// - Throws: `SurveyError` if the migrations have mistakes, if their format isn't clear, or if the databases have a
  ///   history that isn't that of these migrations.
  public init(
    _ found: FoundMigrations, _ databases: DatabaseSearch, format name: String?
  ) throws(SurveyError) {
    self.databases = databases
    let paths = DatabaseLook.sample(of: databases.databases)
    switch found {
    case .program(let program):
      guard name == nil || name == program.history.rawValue else {
        throw SurveyError(
          "\(program.folder): --format is for files of migrations, and this is \(program.title)")
      }
      let command = try program.program()
      guard let table = ProgramHistoryTable(command) else {
        preconditionFailure("every ProgramHistory has a table")
      }
      var settings = MigrationFolder(program.folder)
      settings.program = command
      (migrations, files, history) = (settings, [], Self.place(of: table))
      states = paths.map { ($0, Self.state(of: DatabaseLook($0, [table], numbered: []), 0)) }
    case .folder(let folder):
      let result = try Self.settle(folder, paths, format: name)
      (migrations, files) = (result.folder, result.set?.migrations ?? [])
      history = Self.place(of: result.table)
      states = result.looks.map { ($0.path, Self.state(of: $0, result.index)) }
    }
  }

  /// `table goose_db_version`, `PRAGMA user_version`.
  private static func place(of table: any HistoryTable) -> String {
    table.name.isEmpty ? "PRAGMA user_version" : "table \(table.name)"
  }

  private static func state(of look: DatabaseLook, _ index: Int) -> State {
    if let problem = look.problem { return .unreadable(problem) }
    let history = look.histories[index]
    if let obstacle = history.obstacle { return .obstructed(obstacle) }
    if let mark = history.unfinished.min(by: { $0.key < $1.key }) {
      return .halfDone("version \(mark.key) is half done: \(mark.value)")
    }
    if let version = history.version { return .version(version) }
    if let foreign = history.foreign, foreign.userVersion == nil {
      return .foreign("\(foreign.place) (\(foreign.tool))")
    }
    return look.hasTables ? .untracked : .new
  }
}

extension Survey {
  private typealias Settled = (
    folder: MigrationFolder, set: MigrationSet?, table: any HistoryTable, looks: [DatabaseLook], index: Int
  )

  /// Finds the format of a folder and what the databases record under it.
  private static func settle(
    _ folder: RecognizedFolder, _ paths: [String], format name: String?
  ) throws(SurveyError) -> Settled {
    let sets = try sets(of: folder, format: name)
    guard !sets.isEmpty else { return try settleEmpty(folder, paths, format: name) }
    let tables = sets.map(\.historyTable)
    let numbered = name == nil && folder.formats.isEmpty ? customMigrations(folder.path) : []
    let looks = paths.map { DatabaseLook($0, tables, numbered: numbered) }
    let evidence = FormatEvidence(
      sets: sets, isCertain: name != nil || folder.formats.count == 1, looks: looks, folder: folder.path)
    if evidence.winners.isEmpty, let custom = evidence.custom {
      return try settle(folder.path, custom, paths)
    }
    // Where the user has named the format, a history of another tool is told, and stops nothing.
    guard let set = try name == nil ? evidence.settled() : sets[0] else {
      throw mismatch(sets, looks, folder.path)
    }
    let index = sets.firstIndex { $0.files.format.name == set.files.format.name } ?? 0
    return (set.files.folder, set, set.historyTable, looks, index)
  }

  /// The migrations of a folder by each possible format; empty if there are none.
  private static func sets(
    of folder: RecognizedFolder, format name: String?
  ) throws(SurveyError) -> [MigrationSet] {
    guard folder.hasScripts || !folder.formats.isEmpty else { return [] }
    do throws(MigrationError) {
      guard let name else { return try folder.sets() }
      return [try MigrationSet.load(MigrationFolder(folder.path, format: name))]
    } catch {
      throw SurveyError(
        "\(folder.path): \(error). Correct that first; flotilla lint \(folder.path) lists everything that is wrong there"
      )
    }
  }

  /// The migrations as an application that has a table of its own would count them.
  private static func customMigrations(_ path: String) -> [Migration] {
    guard let files = try? MigrationFiles(MigrationFolder(path, format: "custom")) else { return [] }
    let read = files.format.read(files.migrations)
    return read.faults.isEmpty ? read.migrations.sorted { ($0.version ?? 0) < ($1.version ?? 0) } : []
  }

  /// Describes the application's own table, and reads the databases with it.
  private static func settle(
    _ path: String, _ custom: CustomTable, _ paths: [String]
  ) throws(SurveyError) -> Settled {
    guard custom.unknown.isEmpty else {
      throw SurveyError(
        "the databases record these migrations in a table of the application's own, \(custom.name), and nobody knows "
          + "what to write into its columns \(custom.unknown.joined(separator: ", ")): give them defaults, or write "
          + "fleet.yml by hand, with format: custom and values for them")
    }
    var folder = MigrationFolder(path, format: "custom", table: custom.name)
    (folder.columns, folder.values) = (custom.columns, custom.values)
    do throws(MigrationError) {
      let set = try MigrationSet.load(folder)
      let looks = paths.map { DatabaseLook($0, [set.historyTable], numbered: []) }
      return (set.files.folder, set, set.historyTable, looks, 0)
    } catch {
      throw SurveyError("\(path): \(error)")
    }
  }

  /// A folder without migrations, for which the databases must not have a history yet.
  private static func settleEmpty(
    _ folder: RecognizedFolder, _ paths: [String], format name: String?
  ) throws(SurveyError) -> Settled {
    var settings = MigrationFolder(folder.path)
    settings.format = name ?? MigrationFormats.standard.name
    let format = MigrationFormats.all.first { $0.name == settings.format } ?? MigrationFormats.standard
    guard let table = try? format.historyTable([], settings) else {
      throw SurveyError(
        "\(folder.path): there are no migrations in it yet; the format \(format.name) needs some")
    }
    let looks = paths.map { DatabaseLook($0, [table], numbered: []) }
    for look in looks {
      guard let history = look.histories.first, history.version != nil || look.foreign != nil else {
        continue
      }
      let place = look.foreign.map { "\($0.place) (\($0.tool))" } ?? Self.place(of: table)
      throw SurveyError(
        "\(look.path) records migrations, in \(place), and \(folder.path) holds none: name the folder in which they are"
      )
    }
    return (settings, nil, table, looks, 0)
  }

  /// The error for databases whose history is not that of the files.
  private static func mismatch(_ sets: [MigrationSet], _ looks: [DatabaseLook], _ path: String) -> SurveyError
  {
    let foreign = looks.compactMap { look in look.foreign.map { (path: look.path, history: $0) } }
    let first = foreign.first.map { "\($0.path) has \($0.history.place) (\($0.history.tool))" } ?? ""
    let names = sets.map(\.files.format.name).joined(separator: ", ")
    return SurveyError(
      "the files in \(path) can be read as \(names), but \(counted(foreign.count, "database")) "
        + "\(foreign.count == 1 ? "has" : "have") the history of another tool: \(first). Name the folder with that tool's "
        + "migrations; if these are the right ones all the same, name their format with --format")
  }
}
