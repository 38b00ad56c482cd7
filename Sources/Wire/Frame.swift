/// One unit of the protocol: 4 bytes length of the payload, 1 byte kind, 4 bytes request number, the payload. Numbers
/// are unsigned and big-endian.
public struct Frame: Hashable, Sendable {
  /// What a frame carries.
  public enum Kind: UInt8, Sendable {
    /// The first from the agent: `Hello` as JSON.
    case hello = 1
    /// The first to the agent: `Setup` as JSON.
    case setup = 2
    /// Work to do: `Request` as JSON.
    case request = 3
    /// The setup was accepted, or a request that has no outcome is done. No payload.
    case done = 4
    /// The end of work on an installation: `Outcome` as JSON.
    case outcome = 5
    /// Work on an installation begins a step; the payload is its name.
    case step = 6
    /// A piece of a file.
    case data = 7
    /// A request could not be done: `Failure` as JSON.
    case problem = 8
    /// The agent is alive. No payload.
    case beat = 9
    /// The last piece of a file was sent. No payload.
    case end = 10
    /// Backups that are there: a list of `FoundBackup` as JSON.
    case found = 11
  }

  /// What it carries.
  public let kind: Kind
  /// The request that it belongs to; 0 for none.
  public let request: UInt32
  /// What it carries, as bytes.
  public let payload: [UInt8]

  /// Makes a frame.
  public init(_ kind: Kind, _ request: UInt32 = 0, _ payload: [UInt8] = []) {
    self.kind = kind
    self.request = request
    self.payload = payload
  }

  static let headerLength = 9
  /// The longest payload in bytes: a migration set, or an outcome with a good deal of drift.
  public static let longestPayload = 64 << 20

  /// As it goes over the wire.
  public var bytes: [UInt8] {
    precondition(payload.count <= Self.longestPayload, "a payload is cut up before it becomes a frame")
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.headerLength + payload.count)
    bytes += Self.bigEndian(UInt32(payload.count))
    bytes.append(kind.rawValue)
    bytes += Self.bigEndian(request)
    bytes += payload
    return bytes
  }

  private static func bigEndian(_ number: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }
}

/// Takes a stream of bytes apart into frames, however the bytes arrive.
public struct FrameParser: Sendable {
  private var buffer: [UInt8] = []
  private var start = 0

  /// Nothing has arrived.
  public init() {}

  /// Whether the stream could end here.
  public var isBetweenFrames: Bool { start == buffer.count }

  /// Takes what has arrived.
  public mutating func append(_ bytes: some Sequence<UInt8>) {
    if start > 1 << 20 || start == buffer.count {
      buffer.removeFirst(start)
      start = 0
    }
    buffer += bytes
  }

  /// The next whole frame, or nil where more has to arrive.
  ///
  /// - Throws: `WireError.garbage` where this is no stream of frames.
  public mutating func next() throws(WireError) -> Frame? {
    guard buffer.count - start >= Frame.headerLength else { return nil }
    let length = Int(number(at: start))
    guard let kind = Frame.Kind(rawValue: buffer[start + 4]), length <= Frame.longestPayload else {
      throw .garbage
    }
    let end = start + Frame.headerLength + length
    guard buffer.count >= end else { return nil }
    let frame = Frame(kind, number(at: start + 5), Array(buffer[(start + Frame.headerLength)..<end]))
    start = end
    return frame
  }

  private func number(at place: Int) -> UInt32 {
    buffer[place..<(place + 4)].reduce(0) { $0 << 8 | UInt32($1) }
  }
}

/// What arrived is not the protocol.
public enum WireError: Error, Hashable, Sendable {
  /// The bytes are no frames.
  case garbage
  /// The stream ended in the middle of a frame.
  case truncated
  /// A frame's payload is not what its kind says.
  case payload(Frame.Kind)
}
