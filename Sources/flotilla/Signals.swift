import Dispatch
import Fleet
import Glibc

/// Handles SIGINT and SIGTERM: the first asks to finish what has started, the second ends the program at once.
///
/// Ending at once is safe for the databases: whoever opens a database next rolls back a transaction that has not
/// committed. Hooks run in sessions of their own, so that the terminal's signals don't reach them. After the second
/// signal, a running hook continues by itself, and the hook after an upgrade no longer runs.
final class Signals {
  private let sources: [any DispatchSourceSignal]

  /// Starts to handle the signals.
  ///
  /// - Parameters:
  ///   - interruption: gets the first signal.
  ///   - console: shows messages to the user.
  ///   - begun: what happens to running work after the first signal, for the message.
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
