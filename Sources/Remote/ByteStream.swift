internal import Basics
internal import Glibc

/// A stream to a process, read and written with a limit in time. The caller closes the descriptor.
struct ByteStream: Sendable {
  let descriptor: Int32

  enum Trouble: Error {
    /// The other side is gone.
    case ended
    /// Nothing could be read or written until the deadline.
    case timeout
  }

  /// Writes all bytes, until `deadline`.
  func write(_ bytes: [UInt8], until deadline: ContinuousClock.Instant) throws(Trouble) {
    var start = 0
    while start < bytes.count {
      // Without MSG_NOSIGNAL a process that is gone would end this one with SIGPIPE.
      let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
      let count = bytes[start...].withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, flags) }
      if count > 0 {
        start += count
      } else if errno == EAGAIN {
        try wait(for: POLLOUT, until: deadline)
      } else if errno != EINTR {
        throw .ended
      }
    }
  }

  /// Reads what there is, at least one byte, until `deadline`.
  func read(until deadline: ContinuousClock.Instant) throws(Trouble) -> [UInt8] {
    while true {
      // One who never stops talking has no more time than one who says nothing.
      guard deadline > .now else { throw .timeout }
      if let bytes = try readNow() { return bytes }
      try wait(for: POLLIN, until: deadline)
    }
  }

  /// Reads what there is; nil where nothing has arrived.
  func readNow() throws(Trouble) -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
      if count > 0 { return Array(buffer[..<count]) }
      if count == 0 { throw .ended }
      if errno == EAGAIN { return nil }
      if errno != EINTR { throw .ended }
    }
  }

  private func wait(for event: Int32, until deadline: ContinuousClock.Instant) throws(Trouble) {
    let left = deadline - .now
    guard left > .zero else { throw .timeout }
    var item = pollfd(fd: descriptor, events: Int16(event), revents: 0)
    let milliseconds = min(left.milliseconds, 60_000)
    _ = poll(&item, 1, Int32(milliseconds) + 1)
  }
}
