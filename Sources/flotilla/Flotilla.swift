import ArgumentParser
import Fleet
import Glibc
import Wire

@main
struct Flotilla: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "flotilla",
    abstract: "Upgrades a fleet of SQLite databases: backs each up, migrates it, proves the result, reports.",
    discussion: """
      An inventory (fleet.yml) names the databases and their migrations. Nothing is written to a database before its \
      backup is proved, and nothing is committed before the result is.

      Exit status: 0 all well · 1 the command could not do its work · 3 some installations failed or were not \
      reached, a wave or a rehearsal failed, or databases were changed and the journal, the report or standard output \
      failed · 4 drift found · 5 migrations are pending (plan --check) · 6 all done, but the report could not be \
      delivered · 7 nothing was changed, since writers would have to wait longer than rollout.max_lock · 8 the \
      rollout waits (migrate --no-wait) · 64 wrong usage · 130 or 143 interrupted
      """,
    version: "flotilla \(programVersion)",
    subcommands: [
      InitCommand.self, StatusCommand.self, PlanCommand.self, Migrate.self, RolloutCommand.self,
      AdoptCommand.self,
      DriftCommand.self, WatchCommand.self, ReportCommand.self, BackupCommand.self, Backups.self,
      RestoreCommand.self, HistoryCommand.self, NewCommand.self, LintCommand.self,
      TestCommand.self,
      ScheduleCommand.self, CollectCommand.self,
    ])

  @OptionGroup var global: GlobalOptions

  static func main() {
    Console.reserveDescriptors()
    // Writing to a pipe without a reader must be an error that is reported, and not end the program silently.
    signal(SIGPIPE, SIG_IGN)
    main(nil)
  }
}

/// Options of every command, given before its name or after.
struct GlobalOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The fleet file. Else $FLOTILLA_FLEET, ./fleet.yml, or the one ./inventory/*/fleet.yml.",
      valueName: "file"))
  var fleet: String?

  @Option(
    help: ArgumentHelp(
      "Only these installations: ids, groups, globs, as in Ansible: 'stores:!berlin*', 'stores:&eu'; or by a run: "
        + "failed:last, unreachable:last, pending, drifted, wave:2. Ids with : , or ! are quoted: '\"a:b\"'.",
      valueName: "pattern"))
  var only: String?

  @Flag(help: "Lists every name, every migration and every difference.")
  var verbose = false

  /// These options, with those given before the command's name as defaults.
  func orElse(_ outer: GlobalOptions) -> GlobalOptions {
    var merged = self
    merged.fleet = fleet ?? outer.fleet
    merged.only = only ?? outer.only
    merged.verbose = verbose || outer.verbose
    return merged
  }
}

/// The result of a command, as its exit status.
enum ExitStatus: Int32 {
  case well = 0
  case failed = 1
  case someFailed = 3
  case drift = 4
  case pending = 5
  case undelivered = 6
  case lockedTooLong = 7
  case waiting = 8
  case interrupted = 130
  case terminated = 143

  var code: ExitCode { ExitCode(rawValue) }
}

/// A message for people that ends the command with status 1.
struct UsageError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

extension ExitStatus {
  /// The exit status if output or bookkeeping failed and no database was changed. It is never a success, and never an
  /// answer that a script would take for one.
  var withoutBookkeeping: ExitStatus {
    switch self {
    case .well, .pending, .undelivered, .waiting: .failed
    case .failed, .someFailed, .drift, .lockedTooLong, .interrupted, .terminated: self
    }
  }
}

/// Runs the body of a command that works on its own temporary databases and ends at once on a signal. After a signal,
/// what the body throws becomes the exit status of the signal.
func stoppingAtOnce(_ console: Console, _ body: (Interruption) throws -> ExitStatus) throws -> ExitStatus {
  let interruption = Interruption()
  let signals = Signals(interruption, console, begun: "ending")
  defer { withExtendedLifetime(signals) {} }
  do {
    let exitStatus = try body(interruption)
    if let signal = interruption.signal { throw ExitCode(128 + signal) }
    return exitStatus
  } catch {
    if let signal = interruption.signal { throw ExitCode(128 + signal) }
    throw error
  }
}

/// Runs the body of a command. What it throws becomes a message and an exit status.
func finishing(_ console: Console, _ body: () throws -> ExitStatus) throws {
  var exitStatus: ExitStatus
  do {
    exitStatus = try body()
  } catch let error as ExitCode {
    throw error
  } catch {
    console.log("flotilla: \(error)")
    throw ExitStatus.failed.code
  }
  if console.hasLostOutput { exitStatus = exitStatus.withoutBookkeeping }
  guard exitStatus == .well else { throw exitStatus.code }
}
