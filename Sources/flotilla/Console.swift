import ArgumentParser
import Basics
import Fleet
import Glibc
import Synchronization
import SystemPackage

/// Standard output for data, standard error for messages.
struct Console: Sendable {
  /// Whether progress and colour may be shown.
  let isLively: Bool
  /// Whether somebody can answer a question.
  let canAsk: Bool
  private let output: Output

  /// What is known of standard output; the same for all copies of a console.
  private final class Output: Sendable {
    let isLost = Atomic(false)
  }

  init(environment: [String: String]) {
    let noColor = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
    isLively = isatty(STDERR_FILENO) == 1 && !noColor && environment["TERM"] != "dumb"
    canAsk = isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1
    output = Output()
  }

  /// The same, without progress.
  var quiet: Console { Console(isLively: false, canAsk: false, output) }

  private init(isLively: Bool, canAsk: Bool, _ output: Output) {
    self.isLively = isLively
    self.canAsk = canAsk
    self.output = output
  }

  /// Whether something could not be written to standard output: then the command doesn't end with success.
  var hasLostOutput: Bool { output.isLost.load(ordering: .relaxed) }

  /// Keeps a file that is opened later from getting the number of a closed standard stream, and with it what is
  /// written there. What takes the place can't be used, so that writing fails as on a closed one.
  static func reserveDescriptors() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }

  /// Data, as it is. Where standard output can't be written, that is told once and the rest is dropped; the command
  /// goes on with its work, and `hasLostOutput` decides its end.
  func out(_ text: String) { isWritten(text) }

  /// Lines for people; where standard output can't be written, they go to standard error.
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

  /// Talk.
  func log(_ text: String) { Self.talk(Self.shown(text) + "\n") }

  /// A line that the next one replaces.
  func live(_ text: String) { Self.talk("\r\u{1B}[K" + Self.shown(text)) }

  /// Asks a question that has to be answered with yes. Ctrl-C while it waits is a no, with its own exit status.
  func confirms(_ question: String, _ interruption: Interruption) throws -> Bool {
    Self.talk("\(question) [y/N] ")
    var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    while poll(&input, 1, 100) == 0 || input.revents == 0 {
      if let signal = interruption.signal { throw ExitCode(128 + signal) }
    }
    let answer = readLine()?.lowercased() ?? ""
    return answer == "y" || answer == "yes"
  }

  /// Talk that can't be written has nowhere else to go.
  private static func talk(_ text: String) { _ = try? FileDescriptor.standardError.writeAll(text.utf8) }

  /// As it can be shown, without spaces at its end.
  private static func trimmed(_ line: String) -> String {
    var line = shown(line)[...]
    while line.last == " " { line = line.dropLast() }
    return String(line)
  }

  /// Without what a terminal would obey: names and messages come from elsewhere.
  private static func shown(_ text: String) -> String { text.harmless(keeping: "\n\t") }
}

extension String {
  /// Without line breaks: a name or a message from elsewhere must not pass for a line of its own.
  var oneLine: String { split(whereSeparator: \.isNewline).joined(separator: " ") }
}
