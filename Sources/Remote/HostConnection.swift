internal import Dispatch
internal import Fleet
internal import Glibc
internal import Synchronization
internal import Upgrade
internal import Wire

/// A connection to an agent that is ready for requests. Many lanes may use it at once; each answer goes to its
/// request.
final class HostConnection: Sendable {
  private struct State {
    var calls: [UInt32: Call] = [:]
    var last: UInt32 = 0
    var heard = ContinuousClock.now
    /// Why the connection ended; nil while it is open.
    var end: Failure?
    var used = ContinuousClock.now
    /// The number of heartbeats so far.
    var beats = 0
  }

  /// A violation of the protocol by the host. The text continues the sentence "the host sent".
  private struct Fault: Error {
    let what: String

    init(_ what: String) { self.what = what }
  }

  /// How many heartbeats a host may send at once; beyond that, one a second is allowed. An agent sends one every two
  /// seconds.
  static let mostBeats = 30

  private let host: Host
  private let silence: Duration
  private let process: any AgentProcess
  private let source: Source
  private let state = Mutex(State())
  private let parser: Mutex<FrameParser>
  private let budget: MemoryBudget
  /// The part of the budget that the arriving frame uses.
  private let share: Mutex<MemoryShare>
  private let begun = ContinuousClock.now
  /// The version of SQLite in the agent; nil if it is unknown.
  let sqlite: String?
  /// Held while a frame is written, so that frames don't mix.
  private let writing = Mutex(())

  /// Connects, and returns when the agent is ready.
  ///
  /// - Parameters:
  ///   - host: the host.
  ///   - transport: reaches the host.
  ///   - settings: the SSH settings, which say where the agent is on hosts.
  ///   - program: the agent to send.
  ///   - setup: the frame with the migrations and options.
  ///   - silence: how long the agent may send nothing while it works.
  ///   - budget: the memory for the answers of all hosts.
  /// - Throws: `Failure` with the reason why the host can't be used.
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

  /// Whether the connection isn't known to have ended.
  var isOpen: Bool { ending == nil }

  /// Why the connection ended; nil while it is open.
  var ending: Failure? { state.withLock { $0.end } }

  /// When the connection was last used; nil while requests are in progress.
  var idleSince: ContinuousClock.Instant? {
    state.withLock { $0.calls.isEmpty ? $0.used : nil }
  }

  /// Closes the connection, which makes the agent end.
  func close() { end(Failure(code: .connectionLost, step: .open, message: "the connection was closed")) }

  /// Closes the connection because of an unusable answer.
  ///
  /// - Parameter what: what the host sent.
  /// - Returns: the failure for the caller of the request.
  func refuse(_ what: String) -> Failure {
    let failure = Failure(
      code: .protocolFault, step: .open, message: "the host sent \(what); its connection was given up")
    end(failure)
    return failure
  }

  // MARK: Requests

  /// Sends a request and waits for its answer.
  ///
  /// - Parameters:
  ///   - request: the request.
  ///   - limit: how long it may take. If it takes longer, the connection is closed.
  ///   - sending: passes each piece of a file that accompanies the request to the function that it is given.
  ///   - receiving: takes the pieces of a file that the host sends, and limits their total size.
  /// - Returns: the answer, of the kind that the request expects; nil if the connection had ended before.
  /// - Throws: `Failure`: the agent's own, or `connection_lost` or `timeout`, with the step that was reached.
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
      // The reading side finds the reason.
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
      // A host that writes a lot to standard error must not have to wait for a reader.
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

  /// Reserves memory for an answer of which `bytes` have arrived.
  private func reserve(_ bytes: Int) throws {
    guard bytes > MemoryBudget.small else { return }
    // While this waits, the silence isn't the host's.
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

  /// Handles the end of the stream: the transport or the agent is gone.
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

  /// Ends the connection and fails all waiting requests with the reason. The first reason is kept.
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

/// The frame that answers a request, with the memory reserved for it.
struct Answer {
  let frame: Frame
  private let share: MemoryShare
  private let connection: HostConnection

  init(frame: Frame, share: MemoryShare, connection: HostConnection) {
    (self.frame, self.share, self.connection) = (frame, share, connection)
  }

  /// Only one large payload is decoded at a time, since decoding takes several times the memory of the payload.
  private static let decoding = Mutex(())

  /// The size of the payload in bytes.
  var size: Int { frame.payload.count }

  /// Decodes the payload. If that fails, or if `problem` returns a reason why the value can't be used, the connection
  /// is closed and the failure `protocol` is thrown.
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

/// Takes the pieces of a file that a request receives.
struct Receiver: Sendable {
  /// The maximum total size in bytes.
  let bytes: Int64
  let take: @Sendable ([UInt8]) -> Void
}

/// A request that a lane waits for.
private final class Call: Sendable {
  private struct State {
    var answer: (Frame, MemoryShare)?
    var failure: Failure?
    var step = UpgradeStep.open
    var steps = 0
    var received: Int64 = 0
  }

  /// An upper limit for the number of steps of any work.
  private static let mostSteps = 1_000

  private let state = Mutex(State())
  private let over = DispatchSemaphore(value: 0)
  private let request: Request
  private let receiver: Receiver?

  init(_ request: Request, _ receiver: Receiver?) { (self.request, self.receiver) = (request, receiver) }

  /// Handles a frame that belongs to this request.
  ///
  /// - Returns: what is wrong with the frame; nil if nothing is.
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

  /// Waits until `time`, and returns whether the request is complete.
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
