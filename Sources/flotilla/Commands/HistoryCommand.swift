import ArgumentParser
import Fleet
import FoundationEssentials
import Report

struct HistoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "Lists past runs, the latest first.")

  @ParentCommand var root: Flotilla
  @OptionGroup var global: GlobalOptions
  @Option(help: ArgumentHelp("How many runs to list.", valueName: "n")) var limit = 20

  func run() throws {
    let console = Console(environment: ProcessInfo.processInfo.environment)
    try finishing(console) {
      let context = try FleetContext(global.orElse(root.global), console)
      let lines = try Journal(context.existingState("run")).runs(limit: limit).flatMap { run in
        let counts = run.counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(
          separator: ", ")
        let head = "\(run.id)  \(run.startedAt)  \(run.command)  \(run.result ?? "did not end")"
        let line = "\(head)  \(counts)"
        if line.count <= TextLayout.width { return [line] }
        let indent = String(repeating: " ", count: run.id.description.count + 2)
        return [head] + TextLayout.wrap(counts, first: indent)
      }
      console.out(lines: lines.isEmpty ? ["There are no runs."] : lines)
      return .well
    }
  }
}
