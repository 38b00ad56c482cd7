import ArgumentParser
import Basics
import Fleet
import FoundationEssentials
import Glibc
import Migrations
import Report

struct NewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new", abstract: "Begins a migration: makes the next file in the fleet's folder.",
    discussion: """
      The file has the name that the tool of the folder's format would give it: one more than the highest number, \
      written as wide, or the current time. NAME is lower-case words with underscores, by custom with a verb first. \
      No file is ever overwritten. What is in the new file is accepted by no command before a migration is written \
      into it. Its path is printed to standard output.

      Before there is a fleet file, --folder names the folder. Without it, the only folder of migrations below this \
      one is taken, as 'flotilla init' finds it.

      For example: flotilla new add_email_to_users
      """)

  @ParentCommand var root: Flotilla
  @OptionGroup var global: GlobalOptions
  @Argument(help: "What it does, such as add_email_to_users.") var name: String
  @Option(
    help: ArgumentHelp("The folder of migrations, while there is no fleet file.", valueName: "dir"))
  var folder: String?

  func run() throws {
    let global = global.orElse(root.global)
    try global.refuseSelection()
    let console = Console(environment: ProcessInfo.processInfo.environment)
    var problem: String?
    try finishing(console) {
      let (folder, next) = try migrations(global)
      problem = try NewMigration.problem(of: name, in: folder)
      guard problem == nil else { return .well }
      let migration = try NewMigration(name, in: folder)
      try migration.write()
      if !NewMigration.hasVerb(name) {
        console.log("flotilla: by custom a verb comes first, as in add_email_to_users")
      }
      console.out(lines: [Session.shown(migration.path)])
      console.log("Next, once it is written: \(next)")
      return .well
    }
    if let problem { throw ValidationError(problem) }
  }

  /// The folder for the file, and the next command.
  private func migrations(_ global: GlobalOptions) throws -> (folder: MigrationFolder, next: String) {
    guard let fleet = try fleetFile(global) else {
      let path = try folderWithoutFleet()
      return (MigrationFolder(path), "flotilla lint \(Session.shown(path))")
    }
    guard folder == nil else {
      throw UsageError("\(fleet.file) names the folder already: leave out --folder")
    }
    guard fleet.migrations.program == nil else {
      throw UsageError("the fleet's migrations are a program: begin a migration with its own tool")
    }
    return (fleet.migrations, "flotilla lint")
  }

  /// The fleet file; nil if none is named and there is none.
  private func fleetFile(_ global: GlobalOptions) throws -> FleetFile? {
    let environment = ProcessInfo.processInfo.environment
    do {
      return try FleetFile.load(global, environment)
    } catch let error as InventoryError {
      let isNamed = global.fleet != nil || environment["FLOTILLA_FLEET"].map { !$0.isEmpty } ?? false
      guard !isNamed, error.code == .fleetNotFound else { throw error }
      return nil
    }
  }

  private func folderWithoutFleet() throws -> String {
    let here = FileManager.default.currentDirectoryPath
    if let folder {
      let path = absolutePath(folder, in: here)
      var status = stat()
      guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
        throw UsageError("--folder \(folder): there is no such folder; make it first")
      }
      return path
    }
    let search = MigrationsSearch(below: here)
    guard search.found.count < 2 else { throw UsageError("\(search.several); with --folder DIR") }
    switch search.found.first {
    case .folder(let folder): return folder.path
    case .program(let program):
      throw UsageError("\(program.title) keeps the migrations here: begin one with its own tool")
    case nil:
      throw UsageError(
        "there is neither a fleet file nor a folder of migrations here\(search.gaps): name the folder with "
          + "--folder DIR, or the fleet file with --fleet FILE")
    }
  }
}
