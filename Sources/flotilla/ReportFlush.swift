import ArgumentParser
import Fleet
import FoundationEssentials
import Report

struct ReportFlush: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "flush", abstract: "Sends the reports that wait in the outbox, oldest first.",
    discussion: "Ends with status 6 where some still wait afterwards.")

  @ParentCommand var report: ReportCommand
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let console = Console(environment: ProcessInfo.processInfo.environment)
    try finishing(console) {
      let context = try FleetContext(global.orElse(report.global).orElse(report.root.global), console)
      guard let delivery = try ReportDelivery(context) else {
        throw UsageError("report.url is not set in \(context.fleet.file)")
      }
      let (sentences, isDone) = try delivery.flush()
      console.out(lines: sentences.flatMap { TextLayout.wrap($0, first: "") })
      return isDone ? .well : .undelivered
    }
  }
}
