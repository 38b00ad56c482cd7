import Fleet
import Report

/// What surrounds a run's work: journal, report, upload, standard output.
///
/// When one of them fails, that is told at once and costs none of the others; it decides the exit status.
final class Bookkeeping {
  private let console: Console
  private var told: Set<String> = []

  init(_ console: Console) { self.console = console }

  /// Does what may fail.
  ///
  /// - Returns: nil where it failed, which is told on standard error, each reason once.
  @discardableResult
  func attempt<T>(_ body: () throws -> T) -> T? {
    do {
      return try body()
    } catch {
      if told.insert("\(error)").inserted { console.log("flotilla: \(error)") }
      return nil
    }
  }

  /// How the command ends, given how its work ended and whether it changed databases.
  func exitStatus(_ exitStatus: ExitStatus, changed: Bool) -> ExitStatus {
    guard !told.isEmpty || console.hasLostOutput else { return exitStatus }
    return changed ? .someFailed : exitStatus.withoutBookkeeping
  }
}

extension Journal {
  /// Does what comes before a run's work; where it throws, the run is taken out of the journal again.
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
  /// Prepares the report of a run that has just ended. What the journal knows of earlier ones is left out where it
  /// can't be read.
  init(_ run: FleetRun, _ journal: Journal, header: String, _ books: Bookkeeping) {
    self.init(
      ReportContent(
        header: header,
        past: { books.attempt { try ReportContent.Past(journal, of: run.id) } ?? ReportContent.Past() },
        records: { body in try run.records?.forEach(body) }))
  }
}
