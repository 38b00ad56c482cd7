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

  func validate() throws {
    guard !NewMigration.isValid(name) else { return }
    let hint = NewMigration.suggestion(for: name).map { "; did you mean \($0)?" } ?? ""
    throw ValidationError(
      "\"\(name)\" is no name for a migration: lower-case letters, digits and underscores\(hint)")
  }

  func run() throws {
    let global = global.orElse(root.global)
    try global.refuseSelection()
    let console = Console(environment: ProcessInfo.processInfo.environment)
    try finishing(console) {
      let migration = try NewMigration(name, in: try FleetFile.load(global).migrations)
      try migration.write()
      if !NewMigration.hasVerb(name) {
        console.log("flotilla: by custom a verb comes first, as in add_email_to_users")
      }
      console.out(lines: [Session.shown(migration.path)])
      console.log("Next, once it is written: flotilla lint")
      return .well
    }
  }
}
