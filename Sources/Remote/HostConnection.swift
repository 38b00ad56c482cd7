internal import Dispatch
internal import Fleet
internal import Glibc
internal import Synchronization
internal import Upgrade
internal import Wire

/// One agent that is ready for requests. Many lanes may ask at once; what arrives is handed to whom it belongs.
final class HostConnection: Sendable {
  private struct State {
    var calls: [UInt32: Call] = [:]
    var last: UInt32 = 0
    var heard = ContinuousClock.now
    /// Why there is no connection any more.
    var end: Failure?
    var used = ContinuousClock.now
  }

  private let host: Host
  private let silence: Duration
  private let process: SSHProcess
  private let source: Source
  private let state = Mutex(State())
  private let parser: Mutex<FrameParser>
  /// The version of SQLite in the agent.
  let sqlite: String?
  /// One frame at a time goes out.
  private let writing = Mutex(())

  /// Connects, and comes back when the agent is ready.
  ///
  /// - Parameters:
  ///   - host: the host.
  ///   - settings: how it is reached.
  ///   - program: the agent to send.
  ///   - setup: what it has to know.
  ///   - silence: how long it may give no sign of life while it works.
  /// - Throws: `Failure` that says why the host can't be worked with.
  init(_ host: Host, _ settings: FleetFile.SSH, _ program: AgentProgram?, _ setup: Frame, silence: Duration)
    throws(Failure)
  {
    self.host = host
    self.silence = silence
    let line: String
    if let path = settings.agent {
      line = Bootstrap(installed: path, become: host.become).line
    } else if let program {
      line = Bootstrap(program, become: host.become).line
    } else {
      preconditionFailure("without an agent of its own a connection uses one that is installed")
    }
    let process = try SSHProcess(SSHCommand(host: host, settings: settings).arguments(line))
    self.process = process
    var handshake = Handshake(host, process, program, setup, connectTimeout: settings.connectTimeout)
    do throws(Failure) {
      parser = Mutex(try handshake.run())
      sqlite = handshake.hello.map { Handshake.line(of: Array($0.sqlite.utf8)) }
    } catch {
      process.kill()
      throw error
    }
    let source = DispatchSource.makeReadSource(
      fileDescriptor: process.stream, queue: DispatchQueue(label: "host \(host)"))
    self.source = Source(source: source)
    source.setEventHandler { [weak self] in self?.receive() }
    // The descriptor must outlive the source.
    source.setCancelHandler { withExtendedLifetime(process) {} }
    source.resume()
  }

  private struct Source: @unchecked Sendable {  // A source may be cancelled on any thread.
    let source: any DispatchSourceRead
    func cancel() { source.cancel() }
  }

  deinit {
    source.cancel()
    process.kill()
  }

  /// Whether requests can be made, as far as is known.
  var isOpen: Bool { state.withLock { $0.end == nil } }

  /// Whether nothing is under way, and since when it was not used.
  var idleSince: ContinuousClock.Instant? {
    state.withLock { $0.calls.isEmpty ? $0.used : nil }
  }

  /// Ends the connection; the agent ends by itself then.
  func close() { end(Failure(code: "connection_lost", step: .open, message: "the connection was closed")) }

  // MARK: Requests

  /// Has a request done.
  ///
  /// - Parameters:
  ///   - request: what to do.
  ///   - limit: how long it may take; when it takes longer, the connection is given up.
  ///   - sending: the pieces of a file that go along, each handed to the function it is given.
  ///   - receiving: takes the pieces of a file that come back.
  /// - Returns: the frame that answers it, `.outcome` or `.done`; nil where the connection had ended before.
  /// - Throws: `Failure`: what the agent says, or `connection_lost`, `timeout`, with the step that was reached.
  func perform(
    _ request: Request, limit: Duration,
    sending: (((([UInt8]) throws -> Void)) throws -> Void)? = nil,
    receiving: (@Sendable ([UInt8]) -> Void)? = nil
  ) throws(Failure) -> Frame? {
    let call = Call(receiving)
    let deadline = ContinuousClock.now + limit
    guard let number = register(call) else { return nil }
    defer { unregister(number) }
    do {
      try send(Frame(.request, number, json: request), until: deadline)
      if let sending {
        try sending { try send(Frame(.data, number, $0), until: deadline) }
        try send(Frame(.end, number), until: deadline)
      }
    } catch {
      switch error {
      case let failure as Failure: throw failure
      case ByteStream.Trouble.timeout: end(timedOut(limit))
      // The reading side finds out why.
      default: call.wait(until: .now() + 3)
      }
    }
    while !call.wait(until: .now() + 0.25) {
      if ContinuousClock.now > deadline { end(timedOut(limit)) }
      let heard = state.withLock { $0.heard }
      if ContinuousClock.now - heard > silence { end(silent()) }
    }
    let answer = try call.answer()
    guard answer.kind != .problem else { throw problem(in: answer) }
    return answer
  }

  private func problem(in frame: Frame) -> Failure {
    do throws(WireError) { return try frame.value() } catch { return garbled() }
  }

  private func register(_ call: Call) -> UInt32? {
    state.withLock { state in
      guard state.end == nil else { return nil }
      state.last &+= 1
      state.calls[state.last] = call
      state.heard = .now
      return state.last
    }
  }

  private func unregister(_ number: UInt32) {
    state.withLock { state in
      state.calls[number] = nil
      state.used = .now
    }
  }

  private func send(_ frame: Frame, until deadline: ContinuousClock.Instant) throws {
    try writing.withLock { _ in
      try ByteStream(descriptor: process.stream).write(frame.bytes, until: deadline)
    }
  }

  // MARK: What arrives

  private func receive() {
    do {
      guard let bytes = try ByteStream(descriptor: process.stream).readNow() else { return }
      // A host that says a lot on its standard error must not wait for somebody to read it.
      _ = process.said()
      state.withLock { $0.heard = .now }
      let frames = try parser.withLock { parser throws(WireError) in
        parser.append(bytes)
        var frames: [Frame] = []
        while let frame = try parser.next() { frames.append(frame) }
        return frames
      }
      for frame in frames where frame.kind != .beat {
        state.withLock { $0.calls[frame.request] }?.take(frame)
      }
    } catch is WireError {
      end(garbled())
    } catch {
      lost()
    }
  }

  /// The stream ended: ssh or the agent is gone.
  private func lost() {
    process.waitForEnd(1)
    let reason = HostTrouble(process, host).failure(at: .open).message
    let cut = parser.withLock { $0.isBetweenFrames } ? "" : " in the middle of a frame"
    end(Failure(code: "connection_lost", step: .open, message: "the connection was lost\(cut): \(reason)"))
  }

  private func garbled() -> Failure {
    Failure(
      code: "protocol", step: .open,
      message: "the host sent something that is not the protocol; its connection was given up")
  }

  private func silent() -> Failure {
    Failure(
      code: "connection_lost", step: .open,
      message: "the host gave no sign of life for \(silence); its connection was given up")
  }

  private func timedOut(_ limit: Duration) -> Failure {
    Failure(
      code: "timeout", step: .open,
      message: "the host did not finish within \(limit); its connection was given up")
  }

  /// Ends the connection for a reason that everybody who waits is told. The first reason stays.
  private func end(_ failure: Failure) {
    let calls = state.withLock { state -> [Call] in
      if state.end == nil { state.end = failure }
      return Array(state.calls.values)
    }
    source.cancel()
    process.kill()
    for call in calls { call.fail(failure) }
  }
}

/// One request that somebody waits for.
private final class Call: Sendable {
  private struct State {
    var answer: Frame?
    var failure: Failure?
    var step = Step.open
  }

  private let state = Mutex(State())
  private let over = DispatchSemaphore(value: 0)
  private let receiving: (@Sendable ([UInt8]) -> Void)?

  init(_ receiving: (@Sendable ([UInt8]) -> Void)?) { self.receiving = receiving }

  func take(_ frame: Frame) {
    switch frame.kind {
    case .step:
      guard let step = Step(rawValue: String(decoding: frame.payload, as: UTF8.self)) else { return }
      state.withLock { $0.step = step }
    case .data: receiving?(frame.payload)
    default:
      state.withLock { $0.answer = frame }
      over.signal()
    }
  }

  func fail(_ failure: Failure) {
    let isFirst = state.withLock { state in
      guard state.answer == nil, state.failure == nil else { return false }
      state.failure = Failure(code: failure.code, step: state.step, message: failure.message)
      return true
    }
    if isFirst { over.signal() }
  }

  /// Whether it is over by then.
  @discardableResult
  func wait(until time: DispatchTime) -> Bool {
    guard over.wait(timeout: time) == .success else { return false }
    over.signal()
    return true
  }

  func answer() throws(Failure) -> Frame {
    let (answer, failure) = state.withLock { ($0.answer, $0.failure) }
    if let answer { return answer }
    throw failure ?? Failure(code: "connection_lost", step: .open, message: "the connection was lost")
  }
}
