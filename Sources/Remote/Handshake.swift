internal import Basics
internal import Fleet
internal import Upgrade
internal import Wire

/// The exchange with a host from the start of the transport until the agent has the migrations.
struct Handshake {
  let host: Host
  let process: any AgentProcess
  let program: AgentProgram?
  let setup: Frame
  private(set) var deadline: ContinuousClock.Instant
  let connectTimeout: Duration
  /// How the agent introduced itself; nil until then.
  private(set) var hello: Hello?
  private var parser = FrameParser(isFromAgent: true)

  init(
    _ host: Host, _ process: any AgentProcess, _ program: AgentProgram?, _ setup: Frame,
    connectTimeout: Duration
  ) {
    self.host = host
    self.process = process
    self.program = program
    self.setup = setup
    self.connectTimeout = connectTimeout
    // ssh itself enforces the first half; the rest is for logging in and for a shell's start-up files.
    deadline = .now + connectTimeout * 2
  }

  private var stream: ByteStream { ByteStream(descriptor: process.stream) }

  /// Returns when the agent is ready for requests.
  ///
  /// - Returns: the parser, with what has arrived of the next frame.
  /// - Throws: `Failure` with the reason why the host can't be used.
  mutating func run() throws(Failure) -> FrameParser {
    do {
      try greet()
      try agree(on: try next())
      try stream.write(setup.bytes, until: deadline)
      let answer = try next()
      if answer.kind == .problem { throw try problem(in: answer) }
      guard answer.kind == .done else { throw WireError.payload(answer.kind) }
      return parser
    } catch let failure as Failure {
      throw failure
    } catch let trouble as ByteStream.Trouble {
      throw explained(trouble)
    } catch {
      throw fault("\(error)")
    }
  }

  /// Reads up to the agent's greeting, and sends the agent if the host asks for it.
  private mutating func greet() throws {
    var read: [UInt8] = []
    var sent = false
    while true {
      while read.count < WireProtocol.greeting.count {
        guard let bytes = try piece() else { throw sent ? explained(.ended) : notTheAgent(read) }
        read += bytes
      }
      let word = Array(read.prefix(WireProtocol.greeting.count))
      switch word {
      case WireProtocol.greeting:
        parser.append(read[word.count...])
        return
      case Bootstrap.need where !sent:
        sent = true
        read.removeFirst(word.count)
        try sendAgent()
        deadline = .now + connectTimeout * 2
      case Bootstrap.fail:
        throw refusal(.agent, "the host can't take the agent: ", after: read[word.count...])
      case Bootstrap.cannotRun:
        throw refusal(.agentFolder, "the agent can't be put on the host: ", after: read[word.count...])
      default: throw notTheAgent(read)
      }
    }
  }

  /// The next bytes from the host; nil at the end of the stream.
  private func piece() throws(ByteStream.Trouble) -> [UInt8]? {
    do throws(ByteStream.Trouble) {
      return try stream.read(until: deadline)
    } catch {
      if case .ended = error { return nil }
      throw error
    }
  }

  /// Sends the agent. A slow line may take as long as it needs, if it accepts some bytes every few seconds.
  private func sendAgent() throws {
    guard let program else { return }
    do {
      try readPieces(of: program.path, length: WireProtocol.piece) { piece in
        try stream.write(piece, until: .now + connectTimeout * 2)
      }
    } catch ByteStream.Trouble.ended {
      // The host's next message says why.
    }
  }

  private mutating func next() throws -> Frame {
    var beats = 0
    while true {
      // The agent may send heartbeats before it has answered.
      while let frame = try parser.next() {
        if frame.kind != .beat { return frame }
        beats += 1
        guard beats <= HostConnection.mostBeats else { throw fault("signs of life without end") }
      }
      parser.append(try stream.read(until: deadline))
    }
  }

  private mutating func agree(on frame: Frame) throws {
    if frame.kind == .problem { throw try problem(in: frame) }
    guard frame.kind == .hello else {
      throw fault("\(frame.kind.article) message before it said what it is")
    }
    let hello: Hello = try frame.value()
    let wanted = "flotilla-agent \(programVersion)"
    let found = Self.line(of: Array(hello.program.utf8))
    guard hello.version == WireProtocol.version, hello.program == wanted else {
      throw Failure(
        code: .agent, step: .open,
        message: "the host has \(found), protocol \(hello.version); this is \(wanted), "
          + "protocol \(WireProtocol.version)")
    }
    self.hello = hello
  }

  private func problem(in frame: Frame) throws -> Failure {
    let failure: Failure = try frame.value()
    guard AnswerCheck.isWord(failure.code.rawValue) else { throw WireError.payload(.problem) }
    return failure.bounded()
  }

  // MARK: What went wrong

  private func fault(_ what: String) -> Failure {
    Failure(
      code: .protocolFault, step: .open, message: "the host sent \(what); its connection was given up")
  }

  private func refusal(_ code: Failure.Code, _ what: String, after start: ArraySlice<UInt8>) -> Failure {
    let text = more(after: Array(start), until: nil)
    process.waitForEnd(2)
    let details = lastLine.isEmpty ? "" : " (\(lastLine))"
    return Failure(code: code, step: .open, message: "\(what)\(Self.line(of: text))\(details)")
  }

  /// Reads what the host sends within the next 2 s, until the stream ends or `isEnough` returns true; at most the
  /// length of a banner.
  private func more(after start: [UInt8], until isEnough: (([UInt8]) -> Bool)?) -> [UInt8] {
    var text = start
    let end = min(deadline, .now + .seconds(2))
    while text.count < Self.longestBanner, isEnough?(text) != true, let bytes = try? stream.read(until: end) {
      text += bytes
    }
    return text
  }

  private static let longestBanner = 16 << 10

  /// The failure for an unexpected answer: a banner if the agent's greeting follows it, else another program.
  private func notTheAgent(_ start: [UInt8]) -> Failure {
    let text = more(after: start, until: Self.holdsGreeting)
    let quoted = text.isEmpty ? "" : ": \"\(Self.line(of: text))\""
    if Self.holdsGreeting(text) {
      return Failure(
        code: .banner, step: .open, message: "the host prints text before the agent answers\(quoted)")
    }
    process.waitForEnd(2)
    let failure = process.failure(at: .open)
    // A command that ended was neither the agent nor prevented from starting it, unless the failure names another
    // reason.
    let isOtherProgram = process.status != nil && failure.code == .unreachable
    guard !text.isEmpty || isOtherProgram else { return failure }
    let ending = process.status.map { " and ended with status \($0)" } ?? ""
    let details = lastLine.isEmpty ? "" : " (\(lastLine))"
    return Failure(
      code: .forcedCommand, step: .open,
      message: "the host ran something else than it was asked to\(ending)\(quoted)\(details)")
  }

  private static func holdsGreeting(_ text: [UInt8]) -> Bool {
    let words = [WireProtocol.greeting, Bootstrap.need, Bootstrap.fail]
    for word in words where text.firstRange(of: word) != nil { return true }
    return false
  }

  private var lastLine: String {
    process.said().split(separator: "\n").last.map { String($0.prefix(300)) } ?? ""
  }

  /// The first line that isn't blank, at most 200 bytes of it, without control characters.
  static func line(of bytes: [UInt8]) -> String {
    let text = String(decoding: bytes.prefix(2_000), as: UTF8.self)
    let line = text.split(whereSeparator: \.isNewline).first { $0.contains { !$0.isWhitespace } } ?? ""
    return String(line.map { $0.isControl ? "\u{FFFD}" : $0 }).cut(to: 200)
  }

  private func explained(_ trouble: ByteStream.Trouble) -> Failure {
    if case .timeout = trouble {
      return Failure(
        code: .unreachable, step: .open, message: "the host did not answer within \(connectTimeout * 2)")
    }
    process.waitForEnd(2)
    return process.failure(at: .open)
  }
}
