public import ArgumentParser
import Fleet
import FoundationEssentials
import Glibc
public import Report

extension ReportFormat: ExpressibleByArgument {}

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "The fleet's version report, from a live scan or from a past run.",
    subcommands: [ReportFlush.self])

  @ParentCommand var root: Flotilla
  @OptionGroup var global: GlobalOptions
  @Option(
    help: ArgumentHelp(
      "\(ReportFormat.names); else what the ending of --output says, or json.",
      valueName: "format"))
  var format: ReportFormat?
  @Option(name: [.customLong("run")], help: ArgumentHelp("The run to report, or 'last'.", valueName: "id"))
  var past: String?
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Writes to this file instead of standard output.", valueName: "file"))
  var output: String?
  @Flag(help: "Uploads the report to report.url, as JSON in any case.") var upload = false
  @Flag(help: "Prints the JSON Schema of flotilla.report/1 and does nothing else.") var schema = false

  func run() throws {
    let console = Console(environment: ProcessInfo.processInfo.environment)
    try finishing(console) {
      if schema {
        console.out(ReportSchema.text)
        return .well
      }
      let format = try format ?? output.map { try ReportFormat(writing: $0) } ?? .json
      if let output { try ReportWriter.check(output) }
      let context = try FleetContext(global.orElse(root.global), console)
      let books = Bookkeeping(console)
      let delivery = upload ? try ReportDelivery(context) : nil
      if upload, delivery == nil {
        throw UsageError("--upload: report.url is not set in \(context.fleet.file)")
      }
      var isDelivered = true
      let give: (RunID, ReportWriter) throws -> Void = { id, writer in
        if let output { books.attempt { try writer.write(as: format, to: output) } }
        if output == nil, !upload || self.format != nil {
          books.attempt { try writer.write(as: format) { console.out($0) } }
        }
        guard let delivery else { return }
        books.attempt { try context.state.create() }
        let report = FinishedReport(writer: writer, id: id, context: context, books: books)
        let sent = report.deliver(delivery, keptAt: report.keep())
        sent.lines.forEach(console.log)
        isDelivered = sent.isDelivered
      }
      let exitStatus: ExitStatus
      if let past {
        try render(past, context, give)
        exitStatus = .well
      } else {
        exitStatus = try LiveReport(Session(context), command: "report").scan(give)
      }
      return books.exitStatus(!isDelivered && exitStatus == .well ? .undelivered : exitStatus, changed: false)
    }
  }

  private func render(
    _ past: String, _ context: FleetContext, _ body: (RunID, ReportWriter) throws -> Void
  ) throws {
    let journal = try Journal(context.existingState("run"))
    let id = RunID(past)
    guard past == "last" || id != nil, let chosen = try journal.header(of: id) else {
      throw UsageError("there is no run \(past); flotilla history lists them")
    }
    guard let header = chosen.header else {
      throw UsageError("run \(past) did not come to its end and has no report")
    }
    try body(chosen.id, ReportWriter(journal, chosen.id, header: header))
  }
}
