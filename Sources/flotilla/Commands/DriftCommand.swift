import ArgumentParser
import Basics
import Fleet
import FoundationEssentials
import Glibc
import Migrations
import Report
import Schema
import Upgrade

struct DriftOptions: ParsableArguments {
  @Flag(help: "Uploads the report to report.url.") var upload = false
  @Flag(help: "With --upload: only when something changed since the last check.") var onlyChanges = false
  @Flag(help: "Checks integrity and foreign keys too, which reads every database to its end.") var deep =
    false

  func validate() throws {
    if onlyChanges, !upload { throw ValidationError("--only-changes goes with --upload") }
  }
}

struct DriftCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drift", abstract: "Compares each installation with what its version should look like.",
    discussion:
      "Writes to no installation. Ends with status 4 where drift is found, else 3 where some are unknown.")

  @ParentCommand var root: Flotilla
  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: DriftOptions
  @Option(help: "table or json") var format = TableFormat.table
  @Flag(help: "Prints the SQL that mends what can be mended safely, instead of the table.") var sql = false

  func validate() throws {
    if sql, format == .json { throw ValidationError("--sql and --format json can't go together") }
  }

  func run() throws {
    let console = Console(environment: ProcessInfo.processInfo.environment)
    try finishing(console) {
      let session = try Session(global.orElse(root.global), console)
      let check = try DriftCheck(session, options, needsRecords: format == .json || options.upload)
      if format == .json { check.report { console.out($0) } }
      if sql { console.out(check.repairs().map { $0 + "\n" }.joined()) }
      if format == .table, !sql {
        console.out(lines: [session.headline, ""] + check.lines + TextLayout.wrap(check.counts))
        if let next = check.next { console.out(lines: [next]) }
      }
      return check.finish()
    }
  }
}

/// One check of the fleet for drift, and its comparison with the last check.
struct DriftCheck {
  private let session: Session
  private let options: DriftOptions
  private let journal: Journal
  private let lock: StateLock
  private let delivery: ReportDelivery?
  private let notification: RunNotification
  private let run: FleetRun
  private let fleetStatus: FleetStatus
  private let books: Bookkeeping
  /// Nil if the report's header could not be made, which was reported.
  private let writer: ReportWriter?
  /// The changes since the last check; empty if they are unknown.
  let changes: DriftChanges
  /// Whether this check could be compared with the last one.
  private let isCompared: Bool

  /// Inspects all selected installations and stores the verdicts. If they can't be stored, the findings can still be
  /// shown.
  init(_ session: Session, _ options: DriftOptions, needsRecords: Bool) throws {
    self.session = session
    self.options = options
    let books = Bookkeeping(session.console)
    self.books = books
    delivery = options.upload ? try ReportDelivery(session.context) : nil
    notification = try RunNotification(session)
    if options.upload, delivery == nil {
      throw UsageError("--upload: report.url is not set in \(session.fleet.file)")
    }
    try session.state.create()
    lock = try session.state.lock()
    journal = try Journal(session.state)
    let started = Session.now()
    var how = session.options
    how.deep = options.deep
    how.recovers = false
    how.showsLayout = session.global.verbose
    run = FleetRun(
      session.inventory, session.selection, try session.workers(how), journal: needsRecords ? journal : nil,
      interruption: session.interruption)
    try journal.begin(run.id, command: "drift", fleet: session.fleet.name, at: started)
    fleetStatus = session.scan(run)
    let (journal, run, fleetStatus) = (journal, run, fleetStatus)
    let found = books.attempt {
      try journal.judge(Self.verdicts(session, fleetStatus), isDeep: options.deep, at: started)
    }
    isCompared = found != nil
    let changes = found ?? DriftChanges()
    self.changes = changes
    writer = books.attempt {
      try session.header(run.id, "drift", startedAt: started, fleetStatus, changes: changes)
    }.map { header in
      books.attempt {
        try journal.finish(run.id, result: session.result(), header: header, at: Session.now())
        for id in try journal.forgetChecks(keeping: 100) { unlink("\(session.state.reports)/\(id).json") }
      }
      return ReportWriter(run, journal, header: header, books)
    }
  }

  /// The installations that could be inspected, with their drift.
  private static func verdicts(_ session: Session, _ fleetStatus: FleetStatus)
    -> [(installation: String, drift: [Difference])]
  {
    session.selection.compactMap { index in
      guard let cohort = fleetStatus.cohort(at: index), !DriftTable.isUnknown(cohort) else { return nil }
      return (session.name(index), cohort.drift.filter { $0.severity == .error })
    }
  }

  private var table: DriftTable {
    DriftTable(fleetStatus, changes, isVerbose: session.global.verbose, names: session.name)
  }

  /// The lines to show, followed by a blank line unless there are none.
  var lines: [String] {
    let lines = table.lines()
    return lines + (lines.isEmpty ? [] : [""])
  }
  var counts: String { table.counts }
  /// A line with the next command to run; nil if there is nothing to do.
  var next: String? { table.next }

  /// The SQL for each cause, after a comment with the names of the installations.
  func repairs() -> [String] { books.attempt { try madeRepairs() } ?? [] }

  private func madeRepairs() throws -> [String] {
    try fleetStatus.members().filter(\.cohort.isDrifted).flatMap { cohort, indices -> [String] in
      let versions = session.set.migrations.compactMap(\.version).filter { !cohort.pending.contains($0) }
      let names = indices.map(session.name).joined(separator: ", ")
      let schema = try session.expectedSchema.schema(of: versions)
      let script = ["-- \(names)"] + Repair.script(for: cohort.drift, toward: schema) + [""]
      return script.map { $0.hasPrefix("--") ? $0.harmless() : $0 }
    }
  }

  /// Passes the text of the report to `body`, piece by piece.
  func report(_ body: (String) throws -> Void) {
    guard let writer else { return }
    books.attempt { try writer.write(body) }
  }

  /// Uploads the report if the options ask for it, and returns the result of the check.
  ///
  /// - Parameter keepsReport: whether the report is written to the state folder even if it isn't uploaded.
  /// - Returns: the exit status of the command.
  func finish(keepsReport: Bool = false) -> ExitStatus {
    var exitStatus = exitStatus
    // If the last verdicts are unknown, so are the changes.
    let uploads = delivery != nil && (changes.isChanged || !isCompared || !options.onlyChanges)
    let report = writer.map { FinishedReport(writer: $0, id: run.id, context: session.context, books: books) }
    let path = keepsReport || uploads ? report?.keep() : nil
    notification.notify(ofDrift: changes, counts: counts, run.id)
    if uploads, let delivery, let report {
      let (lines, isDelivered) = report.deliver(delivery, keptAt: path)
      lines.forEach(session.console.log)
      if !isDelivered, exitStatus == .well { exitStatus = .undelivered }
    }
    return books.exitStatus(exitStatus, changed: false)
  }

  private var exitStatus: ExitStatus {
    let exitStatus = session.exitStatus(fleetStatus)
    guard exitStatus == .well || exitStatus == .someFailed else { return exitStatus }
    return fleetStatus.count(where: \.isDrifted) > 0 ? .drift : exitStatus
  }
}
