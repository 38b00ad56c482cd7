import Glibc
import Synchronization
import Wire

/// Frames to the coordinator, each whole, from any thread.
final class Output: Sendable {
  private let isOpen = Mutex(true)

  /// Sends bytes; once the coordinator is gone, there is nobody to send to and nothing more is.
  func send(_ bytes: [UInt8]) {
    isOpen.withLock { isOpen in
      var rest = bytes[...]
      while isOpen, !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        isOpen = count > 0
        rest = rest.dropFirst(max(count, 0))
      }
    }
  }

  func send(_ frame: Frame) { send(frame.bytes) }
}
