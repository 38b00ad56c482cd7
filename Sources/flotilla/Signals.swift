import Dispatch
import Fleet
import Glibc

/// SIGINT and SIGTERM: the first asks to finish what was begun, the second ends the program at once.
///
/// Ending at once is safe for the databases: a transaction that has not committed is rolled back by whoever opens the
/// database next. Hooks run in sessions of their own, so that the terminal's signals don't reach them; at the second
/// signal one that runs is left to itself, and the hook after an upgrade doesn't run any more.
final class Signals {
  private let sources: [any DispatchSourceSignal]

  /// Listens from now on.
  ///
  /// - Parameters:
  ///   - interruption: told of the first signal.
  ///   - console: where the user is told.
  ///   - begun: what happens after the first signal to what has begun.
  init(_ interruption: Interruption, _ console: Console, begun: String = "finishing what has begun") {
    sources = [SIGINT, SIGTERM].map { number in
      Glibc.signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
      source.setEventHandler {
        if interruption.signal != nil { _exit(128 + number) }
        interruption.request(number)
        console.log("\nflotilla: \(begun); once more to stop at once")
      }
      source.resume()
      return source
    }
  }
}
