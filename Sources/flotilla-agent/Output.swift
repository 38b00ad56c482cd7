import Synchronization
import SystemPackage
import Wire

/// Frames to the coordinator, each whole, from any thread.
final class Output: Sendable {
  private let isOpen = Mutex(true)

  /// Sends bytes; once the coordinator is gone, there is nobody to send to and nothing more is.
  func send(_ bytes: [UInt8]) {
    isOpen.withLock { isOpen in
      guard isOpen else { return }
      isOpen = (try? FileDescriptor.standardOutput.writeAll(bytes)) != nil
    }
  }

  func send(_ frame: Frame) { send(frame.bytes) }
}
