import Synchronization
import SystemPackage
import Wire

/// Sends whole frames to the coordinator, from any thread.
final class Output: Sendable {
  private let isOpen = Mutex(true)

  /// Sends bytes. Once a write has failed, the coordinator is gone and nothing more is sent.
  func send(_ bytes: [UInt8]) {
    isOpen.withLock { isOpen in
      guard isOpen else { return }
      isOpen = (try? FileDescriptor.standardOutput.writeAll(bytes)) != nil
    }
  }

  func send(_ frame: Frame) { send(frame.bytes) }
}
