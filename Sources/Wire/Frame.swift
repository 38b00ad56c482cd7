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

  /// As it goes over the wire.
  public var bytes: [UInt8] {
    precondition(payload.count <= kind.longestPayload, "a payload is bounded before it becomes a frame")
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

extension Frame.Kind {
  /// The longest payload in bytes that a frame of this kind may have. A receiver checks it when the frame's head
  /// arrives, before it makes room for the payload.
  public var longestPayload: Int {
    switch self {
    case .done, .beat, .end: 0
    case .step: 64
    case .hello: 4 << 10
    case .problem: 32 << 10
    case .data: WireProtocol.piece
    case .found: 1 << 20
    case .outcome: 4 << 20
    case .request: 16 << 20
    case .setup: 64 << 20
    }
  }

  /// Whether an agent sends such frames.
  var isFromAgent: Bool {
    switch self {
    case .hello, .done, .outcome, .step, .data, .problem, .beat, .found: true
    case .setup, .request, .end: false
    }
  }
}

/// Takes a stream of bytes apart into frames, however the bytes arrive.
public struct FrameParser: Sendable {
  /// What arrived and belongs to no frame yet.
  private var arrived: [UInt8] = []
  private var start = 0
  /// The frame whose head arrived, and how long its payload is.
  private var head: (kind: Frame.Kind, request: UInt32, length: Int)?
  private var payload: [UInt8] = []
  private let isFromAgent: Bool

  /// Nothing has arrived.
  ///
  /// - Parameter isFromAgent: whether an agent sends the stream, so that what only a coordinator sends is refused.
  public init(isFromAgent: Bool = false) { self.isFromAgent = isFromAgent }

  /// Whether the stream could end here.
  public var isBetweenFrames: Bool { head == nil && start == arrived.count }

  /// How many bytes of an unfinished frame's payload it holds.
  public var held: Int { payload.count }

  /// Takes what has arrived.
  public mutating func append(_ bytes: some Sequence<UInt8>) {
    arrived.removeFirst(start)
    start = 0
    arrived += bytes
  }

  /// The next whole frame, or nil where more has to arrive.
  ///
  /// - Throws: `WireError` where this is no stream of frames, as soon as a frame's head shows it.
  public mutating func next() throws(WireError) -> Frame? {
    if head == nil {
      guard arrived.count - start >= Frame.headerLength else { return nil }
      let (kind, length) = (Frame.Kind(rawValue: arrived[start + 4]), Int(number(at: start)))
      guard let kind, kind.isFromAgent || !isFromAgent else { throw .garbage }
      guard length <= kind.longestPayload else { throw .tooLong(kind, length) }
      head = (kind, number(at: start + 5), length)
      start += Frame.headerLength
      payload.reserveCapacity(length)
    }
    guard let head else { return nil }
    let end = min(arrived.count, start + head.length - payload.count)
    payload += arrived[start..<end]
    start = end
    guard payload.count == head.length else { return nil }
    defer { (self.head, payload) = (nil, []) }
    return Frame(head.kind, head.request, payload)
  }

  private func number(at place: Int) -> UInt32 {
    arrived[place..<(place + 4)].reduce(0) { $0 << 8 | UInt32($1) }
  }
}

/// What arrived is not the protocol.
public enum WireError: Error, Hashable, Sendable {
  /// The bytes are no frames.
  case garbage
  /// The stream ended in the middle of a frame.
  case truncated
  /// A frame of this kind announces so many bytes, which is more than its kind may have.
  case tooLong(Frame.Kind, Int)
  /// A frame's payload is not what its kind says.
  case payload(Frame.Kind)
}

extension WireError: CustomStringConvertible {
  /// What arrived, for people: reads on after "the host sent".
  public var description: String {
    switch self {
    case .garbage: "bytes that are no message of the agent"
    case .truncated: "only a part of a message"
    case .tooLong(let kind, let length):
      "\(kind.article) message of \(length) bytes, where \(kind.longestPayload) are the most"
    case .payload(let kind): "\(kind.article) message that can't be read"
    }
  }
}

extension Frame.Kind {
  /// Its name with an article, such as `an "outcome"`.
  public var article: String {
    let name = "\(self)"
    return (name.first.map { "aeiou".contains($0) } ?? false ? "an" : "a") + " \"\(name)\""
  }
}
