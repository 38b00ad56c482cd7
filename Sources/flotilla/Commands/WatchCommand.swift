import ArgumentParser
import Basics
import Fleet
import FoundationEssentials
import Glibc

struct WatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch", abstract: "Checks for drift again and again, in the foreground, as in a container.",
    discussion: """
      SIGTERM or SIGINT ends it; the installation that is being looked at is finished. Ends with status 1 where \
      standard output can't be written any more.
      """)

  @ParentCommand var root: Flotilla
  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: DriftOptions
  @Option(help: ArgumentHelp("How often: 90s, 15m, 2h, 1d.", valueName: "interval")) var every: Interval

  func run() throws {
    let console = Console(environment: ProcessInfo.processInfo.environment)
    try finishing(console) {
      let interruption = Interruption()
      let signals = Signals(interruption, console)
      defer { withExtendedLifetime(signals) {} }
      var due = ContinuousClock.now
      while interruption.signal == nil {
        check(console, interruption)
        // Nobody reads the output any more.
        if console.hasLostOutput { return .failed }
        // Checks that were missed because one took longer than the interval are skipped.
        let now = ContinuousClock.now
        repeat { due += every.duration } while due <= now
        let jitter = every.duration * Double.random(in: 0...0.1)
        Self.sleep(until: due + jitter, interruption)
      }
      return interruption.signal == SIGTERM ? .terminated : .interrupted
    }
  }

  /// Makes one check and prints one line. A failure doesn't prevent the next check.
  private func check(_ console: Console, _ interruption: Interruption) {
    let line: String
    do {
      let session = try Session(
        global.orElse(root.global), console.quiet, interruption: interruption)
      let check = try DriftCheck(session, options, needsRecords: true)
      let exitStatus = check.finish(keepsReport: true)
      line = "\(check.counts), status \(exitStatus.rawValue)"
    } catch {
      line = "failed: \(error)"
    }
    console.out(lines: ["\(Session.now()) drift: \(line)".oneLine])
  }

  private static func sleep(until end: ContinuousClock.Instant, _ interruption: Interruption) {
    while interruption.signal == nil, ContinuousClock.now < end {
      let rest = (end - ContinuousClock.now).components
      usleep(
        rest.seconds > 0 ? 200_000 : UInt32(min(200_000, max(1000, rest.attoseconds / 1_000_000_000_000))))
    }
  }
}

/// A duration such as `15m`.
struct Interval: ExpressibleByArgument {
  let duration: Duration

  init?(argument: String) {
    guard let span = TimeSpan(argument, in: [.seconds, .minutes, .hours, .days]),
      (1...10_000).contains(span.count)
    else { return nil }
    duration = span.duration
  }
}
