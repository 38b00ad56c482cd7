import Dispatch
import Glibc
import Migrations
import SQLite
import Upgrade
import Wire

/// The remote side: reads requests from standard input, works beside the databases, and answers on standard output.
///
/// It ends when its input ends. Uncommitted work is then rolled back.
final class Agent {
  private let output = Output()
  private let cancellation = Cancellation()
  private let running = DispatchGroup()
  private var parser = FrameParser()
  private var handler: RequestHandler?
  private var arriving: [UInt32: Arrival] = [:]

  /// How long canceled work may take to end: a rollback, and a hook that restarts a service.
  private static let patience = DispatchTimeInterval.seconds(180)
  /// How long the agent waits without work for a message before it assumes that the coordinator is gone, in
  /// milliseconds.
  private static let idle: Int32 = 15 * 60 * 1000

  func run() -> Never {
    // Files that this process creates are private to its user.
    umask(0o077)
    let hello = Hello(program: "flotilla-agent \(programVersion)", sqlite: libraryVersion)
    output.send(WireProtocol.greeting + Frame(.hello, json: hello).bytes)
    AgentCache(startedAs: CommandLine.arguments[0])?.tidy()
    let timer = DispatchSource.makeTimerSource()
    timer.schedule(deadline: .now(), repeating: .seconds(WireProtocol.beat))
    timer.setEventHandler { [output] in output.send(Frame(.beat)) }
    timer.resume()
    var status: Int32 = 0
    do {
      try serve()
    } catch {
      let message = "flotilla-agent: the coordinator sent \(error)\n"
      _ = message.withCString { write(STDERR_FILENO, $0, strlen($0)) }
      status = 1
    }
    cancellation.cancel()
    _ = running.wait(timeout: .now() + Self.patience)
    exit(status)
  }

  /// Handles frames until the input ends.
  private func serve() throws {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
      let ready = poll(&input, 1, Self.idle)
      if ready == 0, running.wait(timeout: .now()) == .success { return }
      guard ready > 0 else { continue }
      let count = read(STDIN_FILENO, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        guard parser.isBetweenFrames else { throw WireError.truncated }
        return
      }
      parser.append(buffer[..<count])
      while let frame = try parser.next() { try take(frame) }
    }
  }

  private func take(_ frame: Frame) throws {
    switch frame.kind {
    case .setup:
      do {
        handler = try RequestHandler(frame.value(), output, cancellation)
        output.send(Frame(.done, frame.request))
      } catch let failure as Failure {
        output.send(Frame(.problem, frame.request, json: failure.bounded()))
      }
    case .request:
      guard let handler else { throw WireError.garbage }
      let request = try frame.value(Request.self)
      if case .store(let record) = request {
        arriving[frame.request] = Arrival(record)
      } else {
        // Each request gets a serial queue of its own; the coordinator limits how many run at once.
        DispatchQueue(label: "request \(frame.request)").async(group: running) {
          handler.answer(request, frame.request)
        }
      }
    case .data: arriving[frame.request]?.append(frame.payload)
    case .end:
      guard let arrival = arriving.removeValue(forKey: frame.request) else { throw WireError.garbage }
      let failure = arrival.finish()
      output.send(
        failure.map { Frame(.problem, frame.request, json: $0.bounded()) } ?? Frame(.done, frame.request))
    case .beat: break
    case .hello, .done, .outcome, .step, .problem, .found, .answers: throw WireError.garbage
    }
  }
}

/// A backup that the coordinator is sending, and the first failure to store it.
private final class Arrival {
  private var backup: IncomingBackup?
  private var failure: Failure?

  init(_ record: BackupRecord) {
    do throws(Failure) { backup = try IncomingBackup(record) } catch { failure = error }
  }

  func append(_ piece: [UInt8]) {
    do throws(Failure) {
      if failure == nil { try backup?.append(piece) }
    } catch {
      failure = error
    }
  }

  func finish() -> Failure? {
    guard failure == nil, let backup else { return failure }
    do throws(Failure) { try backup.finish() } catch { return error }
    return nil
  }
}
