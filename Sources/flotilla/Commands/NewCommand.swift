import ArgumentParser
import Fleet
import FoundationEssentials
import Migrations
import Report

struct NewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new", abstract: "Begins a migration: makes the next file in the fleet's folder.",
    discussion: """
      The number is one more than the highest in the folder, written as wide. The name is lower-case words with \
      underscores, by custom with a verb first. No file is ever overwritten. The new file holds an example, which no \
      command accepts before it is replaced. Its path is printed to standard output.

      For example: flotilla new add_email_to_users
      """)

  @ParentCommand var root: Flotilla
  @OptionGroup var global: GlobalOptions
  @Argument(help: "What it does, such as add_email_to_users.") var name: String

  func run() throws {
    let global = global.orElse(root.global)
    try global.refuseSelection()
    let console = Console(environment: ProcessInfo.processInfo.environment)
    var problem: String?
    try finishing(console) {
      let folder = try FleetFile.load(global).migrations
      guard folder.program == nil else {
        throw UsageError("the fleet's migrations are a program: begin a migration with its own tool")
      }
      problem = try NewMigration.problem(of: name, in: folder)
      guard problem == nil else { return .well }
      let migration = try NewMigration(name, in: folder)
      try migration.write()
      if !NewMigration.hasVerb(name) {
        console.log("flotilla: by custom a verb comes first, as in add_email_to_users")
      }
      console.out(lines: [Session.shown(migration.path)])
      console.log("Next, once it is written: flotilla lint")
      return .well
    }
    if let problem { throw ValidationError(problem) }
  }
}
