internal import Basics
internal import Glibc

/// A stream to a process, read and written with deadlines. The caller closes the descriptor.
struct ByteStream: Sendable {
  let descriptor: Int32

  enum Trouble: Error {
    /// The other side closed the stream.
    case ended
    /// Nothing could be read or written before the deadline.
    case timeout
  }

  /// Writes all bytes before `deadline`.
  func write(_ bytes: [UInt8], until deadline: ContinuousClock.Instant) throws(Trouble) {
    var start = 0
    while start < bytes.count {
      // Without MSG_NOSIGNAL, writing to a process that is gone would end this process with SIGPIPE.
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

  /// Waits until bytes arrive or `deadline` passes, and reads what has arrived: at least one byte.
  func read(until deadline: ContinuousClock.Instant) throws(Trouble) -> [UInt8] {
    while true {
      // The deadline applies to a host that sends without end as well as to a silent one.
      guard deadline > .now else { throw .timeout }
      if let bytes = try readNow() { return bytes }
      try wait(for: POLLIN, until: deadline)
    }
  }

  /// Reads what has arrived; nil if nothing has.
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
