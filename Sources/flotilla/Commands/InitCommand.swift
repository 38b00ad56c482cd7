import ArgumentParser
import Basics
import Fleet
import FoundationEssentials
import Glibc
import Migrations
import Report
import SystemPackage

struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Writes a fleet.yml for an application's migrations and databases.",
    discussion: """
      Looks for the migrations of the application in the current folder, and tells by their files, and by the \
      histories of the databases, which tool's they are. Then it writes fleet.yml, with comments, and says what it \
      found and which command is next. The path is printed to standard output. No database is changed, no program \
      runs, and no file is ever overwritten. If anything isn't clear, nothing is written.

      For example: flotilla init, or flotilla init db/migrations 'stores/*.sqlite'
      """)

  @ParentCommand var root: Flotilla
  @OptionGroup var global: GlobalOptions
  @Argument(
    help: ArgumentHelp("The folder of the migrations. Else it is looked for below this folder."))
  var folder: String?
  @Argument(
    help: ArgumentHelp(
      "Files of databases, or quoted patterns. Else *.sqlite, *.sqlite3 and *.db below this folder."))
  var database: [String] = []
  @Option(
    help: ArgumentHelp(
      "The format of the migrations, where neither the files nor the databases tell it.", valueName: "name"))
  var format: String?

  /// The formats that a name is enough for.
  private static let formats = MigrationFormats.all.map(\.name).filter { $0 != "custom" }

  func validate() throws {
    if let format, !Self.formats.contains(format) {
      throw ValidationError("--format \(format): there are \(Self.formats.joined(separator: ", "))")
    }
  }

  func run() throws {
    let global = global.orElse(root.global)
    try global.refuseSelection()
    let environment = ProcessInfo.processInfo.environment
    let console = Console(environment: environment)
    try finishing(console) {
      let here = FileManager.default.currentDirectoryPath
      do throws(SurveyError) {
        let file = try Self.newFile(global.fleet ?? environment["FLOTILLA_FLEET"], in: here)
        let (found, databases) = try look(in: here)
        let survey = try Survey(found.migrations, databases, format: format)
        let draft = try survey.fleetFile(fileName(of: file), in: parentFolder(of: file))
        if found.isNew { try Self.makeFolder(found.migrations.path) }
        do throws(SurveyError) {
          try Self.write(draft.text, to: file)
        } catch {
          if found.isNew { rmdir(found.migrations.path) }
          throw error
        }
        let summary = SurveySummary(survey, draft, found.isNew, isVerbose: global.verbose)
        for line in summary.lines { console.log(line) }
        console.out(lines: [Session.shown(file)])
        console.log(summary.next(global.fleet == nil ? "" : " --fleet \(global.fleet ?? "")"))
      } catch {
        throw UsageError(error.description.replacing(here + "/", with: ""))
      }
      return .well
    }
  }

  /// The path of the file to write, at which there is nothing yet.
  private static func newFile(_ name: String?, in folder: String) throws(SurveyError) -> String {
    let name = name.flatMap { $0.isEmpty ? nil : $0 } ?? "fleet.yml"
    let path = absolutePath(name, in: folder)
    var status = stat()
    guard lstat(path, &status) != 0 else {
      throw SurveyError(
        "\(name) is there already, and is never overwritten: go on with it (flotilla plan), remove it, or name another "
          + "file with --fleet FILE")
    }
    guard stat(parentFolder(of: path), &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw SurveyError("\(name) can't be written: \(parentFolder(of: path)) is no folder")
    }
    return path
  }

  private typealias Place = (migrations: FoundMigrations, isNew: Bool)

  /// The migrations and the databases that were named, and those that have to be looked for.
  private func look(in here: String) throws(SurveyError) -> (Place, DatabaseSearch) {
    var names = database
    var named: String?
    if let folder {
      let path = absolutePath(folder, in: here)
      var status = stat()
      if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
        named = path
      } else {
        names.insert(folder, at: 0)
      }
    }
    let databases = names.isEmpty ? try DatabaseSearch(below: here) : try DatabaseSearch(names, in: here)
    if let named { return ((try FoundMigrations.named(named), false), databases) }
    let search = MigrationsSearch(below: here)
    switch search.found.count {
    case 1: return ((search.found[0], false), databases)
    case 0: return (try Self.newFolder(in: here, databases, search), databases)
    default: throw search.several
    }
  }

  /// The folder in which the first migrations will be, where there are databases and no migrations.
  private static func newFolder(
    in here: String, _ databases: DatabaseSearch, _ search: MigrationsSearch
  ) throws(SurveyError) -> Place {
    guard !databases.databases.isEmpty else {
      throw SurveyError(
        "neither migrations nor databases were found below \(here)\(search.gaps): run this in the folder of the "
          + "application, or name them: flotilla init FOLDER DATABASE…")
    }
    let path = absolutePath("migrations", in: here)
    var status = stat()
    if lstat(path, &status) == 0 { return (try FoundMigrations.named(path), false) }
    return (.folder(RecognizedFolder(empty: path)), true)
  }

  private static func makeFolder(_ path: String) throws(SurveyError) {
    guard mkdir(path, 0o777) == 0 || errno == EEXIST else {
      throw SurveyError("\(path) can't be made: \(Errno.last)")
    }
  }

  /// Creates the file. If there is one meanwhile, it is left as it is.
  private static func write(_ text: String, to path: String) throws(SurveyError) {
    do throws(SystemError) {
      let file = try OpenFile(
        path, .writeOnly, options: [.create, .exclusiveCreate],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      do throws(SystemError) {
        try file.write(text.utf8)
        try file.sync()
      } catch {
        unlink(path)
        throw error
      }
    } catch {
      throw SurveyError("\(path) can't be written: \(error.text)")
    }
  }
}
