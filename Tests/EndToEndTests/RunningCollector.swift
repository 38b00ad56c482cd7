import Foundation
import TestSupport

/// `flotilla collect` on a port of its own on loopback; it ends with the value, and after two minutes in any case.
final class RunningCollector {
  static let token = "t0ken-of-the-fleet"
  static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

  /// What a fleet file needs to send here.
  var settings: String { "report: { url: \"\(url)fleet\", token: \(Self.token), secret: \(Self.secret) }" }
  let url: String
  private let started: (process: Process, output: Pipe, errors: Pipe)

  init(
    _ arguments: String..., store: String,
    environment: [String: String] = [
      "FLOTILLA_COLLECT_TOKEN": token, "FLOTILLA_COLLECT_SECRET": secret,
    ]
  ) throws {
    started = try Program.start(
      ["--foreground", "120", Program.path, "collect", "--listen", "127.0.0.1:0", "--store", store]
        + arguments, in: "/",
      environment: environment, executable: "/usr/bin/timeout")
    var line = ""
    while !line.contains("\n") {
      let more = started.output.fileHandleForReading.availableData
      guard !more.isEmpty else { throw SupportError("the collector did not start") }
      line += String(decoding: more, as: UTF8.self)
    }
    url = String(line.dropFirst("collecting at ".count).dropLast())
  }

  deinit { terminate() }

  /// The program itself, which `timeout` started; nil when it has ended.
  var process: pid_t? {
    let parent = started.process.processIdentifier
    let children = try? String(contentsOfFile: "/proc/\(parent)/task/\(parent)/children", encoding: .utf8)
    return (children ?? "").split(separator: " ").compactMap { pid_t($0) }.first
  }

  /// How many reports it is receiving now: each is written to a file without a name.
  var uploadsInProgress: Int { process.map { Processes.unnamedFiles(of: $0) } ?? 0 }

  /// Signals the program itself: `timeout` may have inherited a mask that blocks the signal.
  func terminate() {
    if let process { kill(process, SIGTERM) }
  }

  /// Ends it with a signal.
  func stop() throws -> ProgramResult {
    terminate()
    return try finish()
  }

  /// Waits for its end.
  func finish() throws -> ProgramResult { try Program.finish(started) }

  /// Asks with curl; the answer's body, and its status in a line behind it.
  func curl(_ arguments: String...) throws -> String {
    try Program.finish(
      Program.start(
        ["curl", "-s", "--max-time", "20", "-w", "\n%{http_code}"] + arguments, in: "/",
        executable: "/usr/bin/env")
    ).output
  }
}
