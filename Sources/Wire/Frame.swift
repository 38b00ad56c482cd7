/// The unit of the protocol: 4 bytes for the payload's length, 1 byte for the kind, 4 bytes for the request number, and
/// the payload. Numbers are unsigned and big-endian.
public struct Frame: Hashable, Sendable {
  /// The content of a frame.
  public enum Kind: UInt8, Sendable {
    /// The agent's first frame: `Hello` as JSON.
    case hello = 1
    /// The coordinator's first frame: `Setup` as JSON.
    case setup = 2
    /// Work for the agent: `Request` as JSON.
    case request = 3
    /// The setup was accepted, or a request without an outcome is done. No payload.
    case done = 4
    /// The result of the work on an installation: `Outcome` as JSON.
    case outcome = 5
    /// Work on an installation begins a step. The payload is the step's name.
    case step = 6
    /// A piece of a file.
    case data = 7
    /// A request failed: `Failure` as JSON.
    case problem = 8
    /// The agent is still running. No payload.
    case beat = 9
    /// All pieces of a file were sent. No payload.
    case end = 10
    /// The backups that were found: a list of `FoundBackup` as JSON.
    case found = 11
    /// What a database answers to the questions of its pending migrations: `DataAnswers` as JSON.
    case answers = 12
  }

  /// The kind of content.
  public let kind: Kind
  /// The number of the request that the frame belongs to; 0 for none.
  public let request: UInt32
  /// The content as bytes.
  public let payload: [UInt8]

  /// Creates a frame.
  public init(_ kind: Kind, _ request: UInt32 = 0, _ payload: [UInt8] = []) {
    self.kind = kind
    self.request = request
    self.payload = payload
  }

  static let headerLength = 9

  /// The frame as it is sent. The payload must not exceed the maximum of its kind.
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
  /// The maximum payload of a frame of this kind, in bytes. A receiver checks it when the frame's head arrives, before
  /// it allocates memory for the payload.
  public var longestPayload: Int {
    switch self {
    case .done, .beat, .end: 0
    case .step: 64
    case .hello: 4 << 10
    case .problem: 32 << 10
    case .data: WireProtocol.piece
    case .found, .answers: 1 << 20
    case .outcome: 4 << 20
    case .request: 16 << 20
    case .setup: 64 << 20
    }
  }

  /// Whether an agent sends frames of this kind.
  var isFromAgent: Bool {
    switch self {
    case .hello, .done, .outcome, .step, .data, .problem, .beat, .found, .answers: true
    case .setup, .request, .end: false
    }
  }
}

/// Parses a stream of bytes into frames. The bytes may arrive in pieces of any size.
public struct FrameParser: Sendable {
  /// The bytes that arrived and are not yet part of a frame.
  private var arrived: [UInt8] = []
  private var start = 0
  /// The head of the unfinished frame, with the length of its payload; nil if no head has arrived.
  private var head: (kind: Frame.Kind, request: UInt32, length: Int)?
  private var payload: [UInt8] = []
  private let isFromAgent: Bool

  /// Creates a parser for a new stream.
  ///
  /// - Parameter isFromAgent: whether an agent sends the stream, so that frames that only a coordinator sends are
  ///   refused.
  public init(isFromAgent: Bool = false) { self.isFromAgent = isFromAgent }

  /// Whether the stream can end here without a loss.
  public var isBetweenFrames: Bool { head == nil && start == arrived.count }

  /// How many bytes of an unfinished frame's payload have been collected.
  public var held: Int { payload.count }

  /// Adds bytes that have arrived.
  public mutating func append(_ bytes: some Sequence<UInt8>) {
    arrived.removeFirst(start)
    start = 0
    arrived += bytes
  }

  /// Returns the next complete frame, or nil if more bytes have to arrive.
  ///
  /// - Throws: `WireError` if the bytes are not a valid frame, as soon as its head shows it.
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

/// The received bytes don't follow the protocol.
public enum WireError: Error, Hashable, Sendable {
  /// The bytes are not frames.
  case garbage
  /// The stream ended in the middle of a frame.
  case truncated
  /// A frame of this kind announces a payload of this length, which exceeds the kind's maximum.
  case tooLong(Frame.Kind, Int)
  /// A frame's payload can't be decoded as its kind requires.
  case payload(Frame.Kind)
}

extension WireError: CustomStringConvertible {
  /// A description for people, which continues a sentence that begins with "the host sent".
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
  /// The kind's name with an article, such as `an "outcome"`.
  public var article: String {
    let name = "\(self)"
    return (name.first.map { "aeiou".contains($0) } ?? false ? "an" : "a") + " \"\(name)\""
  }
}
