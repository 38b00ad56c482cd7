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
    /// How many signs of life there were.
    var beats = 0
  }

  /// What the host sent against the protocol: reads on after "the host sent".
  private struct Fault: Error {
    let what: String

    init(_ what: String) { self.what = what }
  }

  /// How many signs of life a host may give at once, and then one a second. An agent gives one every two.
  static let mostBeats = 30

  private let host: Host
  private let silence: Duration
  private let process: any AgentProcess
  private let source: Source
  private let state = Mutex(State())
  private let parser: Mutex<FrameParser>
  private let budget: MemoryBudget
  /// What the frame that arrives has of the budget.
  private let share: Mutex<MemoryShare>
  private let begun = ContinuousClock.now
  /// The version of SQLite in the agent.
  let sqlite: String?
  /// One frame at a time goes out.
  private let writing = Mutex(())

  /// Connects, and comes back when the agent is ready.
  ///
  /// - Parameters:
  ///   - host: the host.
  ///   - transport: how it is reached.
  ///   - settings: where the agent is on hosts.
  ///   - program: the agent to send.
  ///   - setup: what it has to know.
  ///   - silence: how long it may give no sign of life while it works.
  ///   - budget: the memory for what all hosts send.
  /// - Throws: `Failure` that says why the host can't be worked with.
  init(
    _ host: Host, over transport: any AgentTransport, _ settings: FleetFile.SSH, _ program: AgentProgram?,
    _ setup: Frame, silence: Duration, _ budget: MemoryBudget
  ) throws(Failure) {
    self.host = host
    self.silence = silence
    self.budget = budget
    share = Mutex(MemoryShare(budget))
    let line: String
    if let path = settings.agent {
      line = Bootstrap(installed: path, become: host.become).line
    } else if let program {
      line = Bootstrap(program, folder: settings.agentFolder, become: host.become).line
    } else {
      preconditionFailure("without an agent of its own a connection uses one that is installed")
    }
    let process = try transport.start(line, on: host)
    self.process = process
    var handshake = Handshake(host, process, program, setup, connectTimeout: transport.connectTimeout)
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
  var isOpen: Bool { ending == nil }

  /// Why there is no connection any more.
  var ending: Failure? { state.withLock { $0.end } }

  /// Whether nothing is under way, and since when it was not used.
  var idleSince: ContinuousClock.Instant? {
    state.withLock { $0.calls.isEmpty ? $0.used : nil }
  }

  /// Ends the connection; the agent ends by itself then.
  func close() { end(Failure(code: .connectionLost, step: .open, message: "the connection was closed")) }

  /// Gives the connection up for an answer that can't be used.
  ///
  /// - Parameter what: what the host sent.
  /// - Returns: the failure that whoever asked is told.
  func refuse(_ what: String) -> Failure {
    let failure = Failure(
      code: .protocolFault, step: .open, message: "the host sent \(what); its connection was given up")
    end(failure)
    return failure
  }

  // MARK: Requests

  /// Has a request done.
  ///
  /// - Parameters:
  ///   - request: what to do.
  ///   - limit: how long it may take; when it takes longer, the connection is given up.
  ///   - sending: the pieces of a file that go along, each handed to the function it is given.
  ///   - receiving: takes the pieces of a file that come back, and says how many bytes these are at most.
  /// - Returns: the frame that answers it, of the kind that the request names; nil where the connection had ended before.
  /// - Throws: `Failure`: what the agent says, or `connection_lost`, `timeout`, with the step that was reached.
  func perform(
    _ request: Request, limit: Duration,
    sending: (((([UInt8]) throws -> Void)) throws -> Void)? = nil,
    receiving: Receiver? = nil
  ) throws(Failure) -> Answer? {
    let call = Call(request, receiving)
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
    let (frame, share) = try call.answer()
    guard frame.kind != .problem else { throw problem(in: frame) }
    return Answer(frame: frame, share: share, connection: self)
  }

  private func problem(in frame: Frame) -> Failure {
    do throws(WireError) {
      let failure: Failure = try frame.value()
      guard AnswerCheck.isWord(failure.code.rawValue) else { throw .payload(.problem) }
      return failure.bounded()
    } catch {
      return refuse("\(error)")
    }
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
      parser.withLock { $0.append(bytes) }
      while let frame = try parser.withLock({ parser throws(WireError) in try parser.next() }) {
        try reserve(frame.payload.count)
        let share = share.withLock { share in
          let current = share
          share = MemoryShare(budget)
          return current
        }
        try take(frame, share)
      }
      try reserve(parser.withLock { $0.held })
    } catch let error as WireError {
      _ = refuse("\(error)")
    } catch let fault as Fault {
      _ = refuse(fault.what)
    } catch let failure as Failure {
      end(failure)
    } catch {
      lost()
    }
  }

  /// Takes memory for an answer of which `bytes` have arrived.
  private func reserve(_ bytes: Int) throws {
    guard bytes > MemoryBudget.small else { return }
    // It isn't the host that is silent while this waits.
    state.withLock { $0.heard = .now + .seconds(MemoryBudget.patience) }
    let isEnough = share.withLock { $0 }.grow(to: bytes)
    state.withLock { $0.heard = .now }
    guard isEnough else {
      throw Failure(
        code: .connectionLost, step: .open,
        message: "too many hosts sent long answers at once; the connection was given up")
    }
  }

  private func take(_ frame: Frame, _ share: MemoryShare) throws(Fault) {
    if frame.kind == .beat {
      let beats = state.withLock { state in
        state.beats += 1
        return state.beats
      }
      guard beats - Self.mostBeats <= Int((ContinuousClock.now - begun) / .seconds(1)) else {
        throw Fault("signs of life without end")
      }
      return
    }
    guard let call = state.withLock({ $0.calls[frame.request] }) else {
      throw Fault("\(frame.kind.article) message that nobody asked for")
    }
    if let fault = call.take(frame, share) { throw Fault(fault) }
  }

  /// The stream ended: ssh or the agent is gone.
  private func lost() {
    process.waitForEnd(1)
    let reason = process.failure(at: .open).message
    let cut = parser.withLock { $0.isBetweenFrames } ? "" : " in the middle of a frame"
    end(Failure(code: .connectionLost, step: .open, message: "the connection was lost\(cut): \(reason)"))
  }

  private func silent() -> Failure {
    Failure(
      code: .connectionLost, step: .open,
      message: "the host gave no sign of life for \(silence); its connection was given up")
  }

  private func timedOut(_ limit: Duration) -> Failure {
    Failure(
      code: .timeout, step: .open,
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

/// The frame that answers a request, with the memory that it takes.
struct Answer {
  let frame: Frame
  private let share: MemoryShare
  private let connection: HostConnection

  init(frame: Frame, share: MemoryShare, connection: HostConnection) {
    (self.frame, self.share, self.connection) = (frame, share, connection)
  }

  /// One at a time, since decoding takes several times the memory of what is decoded.
  private static let decoding = Mutex(())

  /// The size of its payload in bytes.
  var size: Int { frame.payload.count }

  /// The payload as a value. Where it is none, or `problem` says why it can't be used, the connection is given up and
  /// the failure `protocol` is thrown.
  func value<Value: Decodable & Sendable>(
    _ type: Value.Type = Value.self, problem: (Value) -> String?
  ) throws(Failure) -> Value {
    let isLarge = frame.payload.count > MemoryBudget.small
    let result: Result<Value, WireError> = isLarge ? Self.decoding.withLock { _ in decoded() } : decoded()
    switch result {
    case .success(let value):
      if let problem = problem(value) { throw connection.refuse(problem) }
      return value
    case .failure(let error): throw connection.refuse("\(error)")
    }
  }

  private func decoded<Value: Decodable>() -> Result<Value, WireError> {
    do throws(WireError) { return .success(try frame.value()) } catch { return .failure(error) }
  }
}

/// Takes the pieces of a file that a request brings.
struct Receiver: Sendable {
  /// How long they are together, at most.
  let bytes: Int64
  let take: @Sendable ([UInt8]) -> Void
}

/// One request that somebody waits for.
private final class Call: Sendable {
  private struct State {
    var answer: (Frame, MemoryShare)?
    var failure: Failure?
    var step = UpgradeStep.open
    var steps = 0
    var received: Int64 = 0
  }

  /// More steps than any work has.
  private static let mostSteps = 1_000

  private let state = Mutex(State())
  private let over = DispatchSemaphore(value: 0)
  private let request: Request
  private let receiver: Receiver?

  init(_ request: Request, _ receiver: Receiver?) { (self.request, self.receiver) = (request, receiver) }

  /// Takes a frame that belongs to this request.
  ///
  /// - Returns: what is wrong with it; nil where all is well.
  func take(_ frame: Frame, _ share: MemoryShare) -> String? {
    guard state.withLock({ $0.answer == nil }) else { return "a second answer to one request" }
    switch frame.kind {
    case .step where request.tellsSteps:
      guard let step = UpgradeStep(rawValue: String(decoding: frame.payload, as: UTF8.self)) else {
        return "a step that there isn't"
      }
      let steps = state.withLock { state in
        state.step = step
        state.steps += 1
        return state.steps
      }
      return steps > Self.mostSteps ? "steps without end" : nil
    case .data:
      guard let receiver else { return "a piece of a file that nobody asked for" }
      let received = state.withLock { state in
        state.received += Int64(frame.payload.count)
        return state.received
      }
      guard received <= receiver.bytes, !frame.payload.isEmpty else {
        return "more of a file than its \(receiver.bytes) bytes"
      }
      receiver.take(frame.payload)
      return nil
    case .problem, request.answer:
      state.withLock { $0.answer = (frame, share) }
      over.signal()
      return nil
    default: return "\(frame.kind.article) message that nobody asked for"
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

  func answer() throws(Failure) -> (Frame, MemoryShare) {
    let (answer, failure) = state.withLock { ($0.answer, $0.failure) }
    if let answer { return answer }
    throw failure ?? Failure(code: .connectionLost, step: .open, message: "the connection was lost")
  }
}
