import Dispatch
import Foundation

/// SIGINT and SIGTERM: the first lets the server finish what it answers, the second ends the program at once.
final class Ended: @unchecked Sendable {  // The sources are only kept.
  private let stream: AsyncStream<Int32>
  private let sources: [any DispatchSourceSignal]

  init() {
    signal(SIGPIPE, SIG_IGN)
    let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
    self.stream = stream
    sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
      source.setEventHandler {
        if case .terminated = continuation.yield(number) { _exit(128 + number) }
        continuation.finish()
      }
      source.resume()
      return source
    }
  }

  func wait() async {
    for await _ in stream { return }
  }
}
