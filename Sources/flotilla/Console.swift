import ArgumentParser
import Basics
import Fleet
import Glibc
import Synchronization
import SystemPackage

/// Writes data to standard output, and messages to standard error.
struct Console: Sendable {
  /// Whether progress and color may be shown.
  let isLively: Bool
  /// Whether a user can answer questions.
  let canAsk: Bool
  private let output: Output

  /// The state of standard output, shared by all copies of a console.
  private final class Output: Sendable {
    let isLost = Atomic(false)
  }

  init(environment: [String: String]) {
    let noColor = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
    isLively = isatty(STDERR_FILENO) == 1 && !noColor && environment["TERM"] != "dumb"
    canAsk = isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1
    output = Output()
  }

  /// The same console without progress and questions.
  var quiet: Console { Console(isLively: false, canAsk: false, output) }

  private init(isLively: Bool, canAsk: Bool, _ output: Output) {
    self.isLively = isLively
    self.canAsk = canAsk
    self.output = output
  }

  /// Whether writing to standard output has failed. If so, the command doesn't end with success.
  var hasLostOutput: Bool { output.isLost.load(ordering: .relaxed) }

  /// Opens the standard streams that are closed. Otherwise a file opened later could get the number of one, and with
  /// it the data that is written there. The replacement is opened in the wrong direction, so writing fails as on a
  /// closed stream.
  static func reserveDescriptors() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }

  /// Writes data unchanged. If standard output can't be written, that is reported once, and further data is dropped.
  /// The command continues, and `hasLostOutput` affects its exit status.
  func out(_ text: String) { isWritten(text) }

  /// Writes lines for people. If standard output can't be written, they go to standard error.
  func out(lines: [String]) {
    let text = lines.map { Self.trimmed($0) + "\n" }.joined()
    if !isWritten(text) { Self.talk(text) }
  }

  @discardableResult
  private func isWritten(_ text: String) -> Bool {
    if hasLostOutput { return false }
    do {
      try FileDescriptor.standardOutput.writeAll(text.utf8)
      return true
    } catch {
      output.isLost.store(true, ordering: .relaxed)
      log("flotilla: standard output can't be written: \(error)")
      return false
    }
  }

  /// Writes a message.
  func log(_ text: String) { Self.talk(Self.shown(text) + "\n") }

  /// Writes a line that the next one replaces.
  func live(_ text: String) { Self.talk("\r\u{1B}[K" + Self.shown(text)) }

  /// Asks a question, and returns whether the answer is yes. Ctrl-C while it waits throws its own exit status.
  func confirms(_ question: String, _ interruption: Interruption) throws -> Bool {
    Self.talk("\(question) [y/N] ")
    var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    while poll(&input, 1, 100) == 0 || input.revents == 0 {
      if let signal = interruption.signal { throw ExitCode(128 + signal) }
    }
    let answer = readLine()?.lowercased() ?? ""
    return answer == "y" || answer == "yes"
  }

  /// Writes to standard error. A failure is ignored, since there is nowhere else to write to.
  private static func talk(_ text: String) { _ = try? FileDescriptor.standardError.writeAll(text.utf8) }

  /// A line in harmless form, without trailing spaces.
  private static func trimmed(_ line: String) -> String {
    var line = shown(line)[...]
    while line.last == " " { line = line.dropLast() }
    return String(line)
  }

  /// Text without characters that control a terminal: names and messages come from elsewhere.
  private static func shown(_ text: String) -> String { text.harmless(keeping: "\n\t") }
}

extension String {
  /// The text without line breaks, so that a foreign name or message can't look like a line of its own.
  var oneLine: String { split(whereSeparator: \.isNewline).joined(separator: " ") }
}
