import ArgumentParser
import Fleet
import Glibc

/// Standard output for data, standard error for talk.
struct Console: Sendable {
  /// Whether progress and colour may be shown.
  let isLively: Bool
  /// Whether somebody can answer a question.
  let canAsk: Bool

  init(environment: [String: String]) {
    let noColor = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
    isLively = isatty(STDERR_FILENO) == 1 && !noColor && environment["TERM"] != "dumb"
    canAsk = isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1
  }

  /// The same, without progress.
  var quiet: Console { Console(isLively: false, canAsk: false) }

  private init(isLively: Bool, canAsk: Bool) {
    self.isLively = isLively
    self.canAsk = canAsk
  }

  /// Keeps a file that is opened later from getting the number of a closed standard stream, and with it what is
  /// written there. What takes the place can't be used, so that writing fails as on a closed one.
  static func reserveDescriptors() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }

  /// Data. A reader that went away ends the program with a failure, not with success.
  func out(_ text: String) {
    guard !Self.write(text, to: STDOUT_FILENO) else { return }
    talk("flotilla: standard output can't be written")
    exit(Ending.failed.rawValue)
  }

  func out(lines: [String]) { out(lines.map { Self.trimmed($0) + "\n" }.joined()) }

  /// Talk.
  func talk(_ text: String) { Self.write(Self.harmless(text) + "\n", to: STDERR_FILENO) }

  /// A line that the next one replaces.
  func live(_ text: String) { Self.write("\r\u{1B}[K" + Self.harmless(text), to: STDERR_FILENO) }

  /// Asks a question that has to be answered with yes. Ctrl-C while it waits is a no, with its own exit status.
  func confirms(_ question: String, _ interruption: Interruption) throws -> Bool {
    Self.write("\(question) [y/N] ", to: STDERR_FILENO)
    var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    while poll(&input, 1, 100) == 0 || input.revents == 0 {
      if let signal = interruption.signal { throw ExitCode(128 + signal) }
    }
    let answer = readLine()?.lowercased() ?? ""
    return answer == "y" || answer == "yes"
  }

  @discardableResult
  private static func write(_ text: String, to descriptor: Int32) -> Bool {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      bytes = bytes.dropFirst(count)
    }
    return true
  }

  /// Without spaces at its end, and without what a terminal would obey: names and messages come from elsewhere.
  private static func trimmed(_ line: String) -> String {
    var line = harmless(line)[...]
    while line.last == " " { line = line.dropLast() }
    return String(line)
  }

  private static func harmless(_ line: String) -> String {
    let obeyed = { (scalar: Unicode.Scalar) in
      scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t"
    }
    guard line.unicodeScalars.contains(where: obeyed) else { return line }
    return String(String.UnicodeScalarView(line.unicodeScalars.map { obeyed($0) ? "\u{FFFD}" : $0 }))
  }
}

extension String {
  /// Without line breaks: a name or a message from elsewhere must not pass for a line of its own.
  var oneLine: String { split(whereSeparator: \.isNewline).joined(separator: " ") }
}
