import Fleet
import Report

/// Runs the work around a run: journal, report, upload and standard output.
///
/// A failure of one is reported at once and doesn't prevent the others, but it affects the exit status.
final class Bookkeeping {
  private let console: Console
  private var told: Set<String> = []

  init(_ console: Console) { self.console = console }

  /// Runs work that may fail.
  ///
  /// - Returns: the result; nil if it failed. The failure is logged to standard error, each reason once.
  @discardableResult
  func attempt<T>(_ body: () throws -> T) -> T? {
    do {
      return try body()
    } catch {
      if told.insert("\(error)").inserted { console.log("flotilla: \(error)") }
      return nil
    }
  }

  /// The exit status of the command, given the status of its work and whether it changed databases.
  func exitStatus(_ exitStatus: ExitStatus, changed: Bool) -> ExitStatus {
    guard !told.isEmpty || console.hasLostOutput else { return exitStatus }
    return changed ? .someFailed : exitStatus.withoutBookkeeping
  }
}

extension Journal {
  /// Runs work that comes before the first installation. If it throws, the run is removed from the journal.
  func orDiscard<T>(_ run: RunID, _ console: Console, _ body: () throws -> T) throws -> T {
    do {
      return try body()
    } catch {
      Bookkeeping(console).attempt { try discard(run) }
      throw error
    }
  }
}

extension ReportWriter {
  /// Creates a writer for the report of a run that has just ended. Earlier runs are left out if the journal can't be
  /// read.
  init(_ run: FleetRun, _ journal: Journal, header: String, _ books: Bookkeeping) {
    self.init(
      ReportContent(
        header: header,
        past: { books.attempt { try ReportContent.Past(journal, of: run.id) } ?? ReportContent.Past() },
        records: { body in try run.records?.forEach(body) }))
  }
}
