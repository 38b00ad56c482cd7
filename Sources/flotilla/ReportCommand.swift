import ArgumentParser
import Fleet
import FoundationEssentials
import Glibc
import Report

enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
  case json
}

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "The fleet's version report, from a live scan or from a past run.",
    subcommands: [ReportFlush.self])

  @ParentCommand var root: Flotilla
  @OptionGroup var global: GlobalOptions
  @Option(help: "json") var format = ReportFormat.json
  @Option(name: [.customLong("run")], help: ArgumentHelp("The run to report, or 'last'.", valueName: "id"))
  var past: String?
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Writes to this file instead of standard output.", valueName: "file"))
  var output: String?
  @Flag(help: "Uploads the report to report.url.") var upload = false

  func run() throws {
    let console = Console(environment: ProcessInfo.processInfo.environment)
    try finishing(console) {
      let session = try Session(global.orElse(root.global), console)
      let delivery = try ReportDelivery(session)
      if upload, delivery == nil { throw Refusal("--upload: report.url is not set in \(session.fleet.file)") }
      var isDelivered = true
      let give: (RunID, ReportWriter) throws -> Void = { id, writer in
        if let output { try writer.write(to: output) }
        guard upload, let delivery else {
          if output == nil { try writer.write { console.out($0) } }
          return
        }
        isDelivered = try send(writer, id, delivery, session)
      }
      let ending: Ending
      if let past {
        try render(past, session, give)
        ending = .well
      } else {
        ending = try LiveReport(session, command: "report").scan(give)
      }
      return !isDelivered && ending == .well ? .undelivered : ending
    }
  }

  private func render(_ past: String, _ session: Session, _ body: (RunID, ReportWriter) throws -> Void) throws
  {
    guard session.state.exists else {
      throw Refusal("there is no run yet: \(session.state.path) does not exist")
    }
    let journal = try Journal(session.state)
    let runs = try journal.runs()
    let chosen = past == "last" ? runs.first { $0.header != nil } : runs.first { $0.id.description == past }
    guard let chosen else { throw Refusal("there is no run \(past); flotilla history lists them") }
    guard let header = chosen.header else {
      throw Refusal("run \(past) did not come to its end and has no report")
    }
    try body(chosen.id, ReportWriter(journal, chosen.id, header: header))
  }

  private func send(_ writer: ReportWriter, _ id: RunID, _ delivery: ReportDelivery, _ session: Session)
    throws -> Bool
  {
    try session.state.create()
    let path = "\(session.state.reports)/\(id).json"
    try writer.write(to: path)
    let (sentence, isDelivered) = try delivery.deliver(path, id: id)
    session.console.talk("Report  \(path)\n        \(sentence)")
    return isDelivered
  }
}
