internal import Fleet
internal import Upgrade
internal import Wire

/// What happens from the start of ssh until the agent knows the migrations.
struct Handshake {
  let host: Host
  let process: SSHProcess
  let program: AgentProgram?
  let setup: Frame
  private(set) var deadline: ContinuousClock.Instant
  let connectTimeout: Duration
  /// What the agent said of itself.
  private(set) var hello: Hello?
  private var parser = FrameParser()

  init(
    _ host: Host, _ process: SSHProcess, _ program: AgentProgram?, _ setup: Frame, connectTimeout: Duration
  ) {
    self.host = host
    self.process = process
    self.program = program
    self.setup = setup
    self.connectTimeout = connectTimeout
    // ssh keeps the first half itself; the rest is for logging in and for a shell's start-up files.
    deadline = .now + connectTimeout * 2
  }

  private var stream: ByteStream { ByteStream(descriptor: process.stream) }

  /// Comes back when the agent is ready for requests.
  ///
  /// - Returns: the parser, with what has arrived of the next frame.
  /// - Throws: `Failure` that says why the host can't be worked with.
  mutating func run() throws(Failure) -> FrameParser {
    do {
      try greet()
      try agree(on: try next())
      try stream.write(setup.bytes, until: deadline)
      let answer = try next()
      if answer.kind == .problem { throw try answer.value(Failure.self) }
      guard answer.kind == .done else { throw WireError.garbage }
      return parser
    } catch let failure as Failure {
      throw failure
    } catch let trouble as ByteStream.Trouble {
      throw explained(trouble)
    } catch {
      throw Failure(
        code: "protocol", step: .open, message: "the host doesn't speak the protocol: \(error)")
    }
  }

  /// Reads up to the agent's greeting, and sends the agent where it is asked for.
  private mutating func greet() throws {
    var read: [UInt8] = []
    var sent = false
    while true {
      while read.count < WireProtocol.greeting.count { read += try stream.read(until: deadline) }
      let word = Array(read.prefix(WireProtocol.greeting.count))
      read.removeFirst(word.count)
      switch word {
      case WireProtocol.greeting:
        parser.append(read)
        return
      case Bootstrap.need where !sent:
        sent = true
        try sendAgent()
        deadline = .now + connectTimeout * 2
      case Bootstrap.fail: throw refusal(after: read)
      default: throw banner(word + read)
      }
    }
  }

  /// A slow line may take its time for the agent, as long as it takes some of it every few seconds.
  private func sendAgent() throws {
    guard let program else { return }
    do {
      try readPieces(of: program.path, length: WireProtocol.piece) { piece in
        try stream.write(piece, until: .now + connectTimeout * 2)
      }
    } catch ByteStream.Trouble.ended {
      // Why is what the host says next.
    }
  }

  private mutating func next() throws -> Frame {
    while true {
      // The agent may say that it is alive before it has answered.
      while let frame = try parser.next() {
        if frame.kind != .beat { return frame }
      }
      parser.append(try stream.read(until: deadline))
    }
  }

  private mutating func agree(on frame: Frame) throws {
    guard frame.kind == .hello else { throw WireError.garbage }
    let hello: Hello = try frame.value()
    let wanted = "flotilla-agent \(programVersion)"
    let found = Self.line(of: Array(hello.program.utf8))
    guard hello.version == WireProtocol.version, hello.program == wanted else {
      throw Failure(
        code: "agent", step: .open,
        message: "the host has \(found), protocol \(hello.version); this is \(wanted), "
          + "protocol \(WireProtocol.version)")
    }
    self.hello = hello
  }

  // MARK: What went wrong

  private func refusal(after start: [UInt8]) -> Failure {
    var text = start
    let end = min(deadline, .now + .seconds(2))
    while text.count < 4096, let more = try? stream.read(until: end) { text += more }
    process.waitForEnd(2)
    let details = lastLine.isEmpty ? "" : " (\(lastLine))"
    return Failure(
      code: "agent", step: .open,
      message: "the host can't take the agent: \(Self.line(of: text))\(details)")
  }

  private func banner(_ start: [UInt8]) -> Failure {
    Failure(
      code: "protocol", step: .open,
      message: "the host prints text where the agent should answer: \"\(Self.line(of: start))\"")
  }

  private var lastLine: String {
    process.said().split(separator: "\n").last.map { String($0.prefix(300)) } ?? ""
  }

  static func line(of bytes: [UInt8]) -> String {
    let line = String(decoding: bytes.prefix(200), as: UTF8.self).split(whereSeparator: \.isNewline).first
    return String((line ?? "").map { $0.unicodeScalars.allSatisfy { $0.value >= 0x20 } ? $0 : "\u{FFFD}" })
  }

  private func explained(_ trouble: ByteStream.Trouble) -> Failure {
    if case .timeout = trouble {
      return Failure(
        code: "unreachable", step: .open, message: "the host did not answer within \(connectTimeout * 2)")
    }
    process.waitForEnd(2)
    return HostTrouble(process, host).failure(at: .open)
  }
}
