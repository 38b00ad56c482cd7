import Dispatch
import Foundation
import Synchronization

/// Waits for the end of the program: SIGINT or SIGTERM, or a server that ended by itself. The first signal lets the
/// server finish what it is receiving, the second ends the program at once.
final class ShutdownSignals: @unchecked Sendable {  // The sources are only stored.
  /// How long the program may take to end, in seconds.
  private static let patience = 15

  private let stream: AsyncStream<Int32>
  private let continuation: AsyncStream<Int32>.Continuation
  private let over = Mutex(false)
  private let sources: [any DispatchSourceSignal]

  init() {
    Foundation.signal(SIGPIPE, SIG_IGN)
    let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
    (self.stream, self.continuation) = (stream, continuation)
    sources = [SIGINT, SIGTERM].map { number in
      Foundation.signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
      source.setEventHandler {
        if case .terminated = continuation.yield(number) { _exit(128 + number) }
        continuation.finish()
        // If requests keep all threads busy, nothing else would end the program.
        DispatchQueue.global(qos: .userInteractive).asyncAfter(deadline: .now() + .seconds(Self.patience)) {
          _exit(128 + number)
        }
      }
      source.resume()
      return source
    }
  }

  /// Records that the server ended by itself.
  func serverEnded() {
    over.withLock { $0 = true }
    continuation.finish()
  }

  /// Whether the server ended by itself.
  var isOver: Bool { over.withLock { $0 } }

  /// Waits for the first signal; returns nil if the server ended by itself.
  func signal() async -> Int32? {
    for await signal in stream { return signal }
    return nil
  }
}
