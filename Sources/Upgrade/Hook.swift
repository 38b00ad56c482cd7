internal import FoundationEssentials
internal import Glibc
internal import Migrations
internal import Programs

/// One hook of one installation.
struct Hook {
  let which: HookResult.Which
  let arguments: [String]
  /// The database.
  let path: String
  /// How the upgrade ended, for the hook after it.
  var status: Status?

  /// What became of a hook: nothing of it is left where it could not be started.
  struct Ending {
    let result: HookResult?
    /// In words, where it did not end well.
    let trouble: String?
  }

  func run(within time: Duration) -> Ending {
    let start = ContinuousClock.now
    let program = Program(
      arguments, environment: environment(of: ProcessInfo.processInfo.environment),
      timeout: max(time, .zero), keeping: .last(4096))
    let run = program.run()
    let milliseconds = ((ContinuousClock.now - start).milliseconds * 1000).rounded() / 1000
    let output = printable(String(decoding: run.output, as: UTF8.self), except: "\n\t")
    let trouble = Self.trouble(run.ending, time, Self.lastLine(of: output)).map {
      "the '\(which.rawValue)' hook \(name) \($0)"
    }
    if case .notStarted = run.ending { return Ending(result: nil, trouble: trouble) }
    var status: Int32?
    if case .exited(let code) = run.ending { status = code }
    let result = HookResult(
      which: which, program: name, status: status, output: output, milliseconds: milliseconds)
    return Ending(result: result, trouble: trouble)
  }

  private var name: String { printable(String((arguments.first ?? "").prefix(200)), except: "") }

  /// This process's environment without the secrets of reports, and what tells the hook where it is.
  func environment(of process: [String: String]) -> [String: String] {
    var variables = Program.inherited(process)
    variables["FLOTILLA_INSTALLATION_PATH"] = path
    variables["FLOTILLA_HOOK"] = which.rawValue
    variables["FLOTILLA_STATUS"] = status.map { $0 == .failed ? "failed" : "migrated" }
    return variables
  }

  private static func trouble(_ ending: ProgramRun.Ending, _ time: Duration, _ said: String) -> String? {
    switch ending {
    case .exited(0): nil
    case .exited(let status): "ended with status \(status)\(said)"
    case .signaled(let signal): "was ended by signal \(signal)\(said)"
    case .timedOut:
      "was stopped after \(Int((time / .seconds(1)).rounded())) s without an end\(said)"
    case .notStarted(let code):
      "can't be run: \(strerror(code).map { String(cString: $0) } ?? "error \(code)")"
    case .failed(let reason): "failed: \(reason)"
    case .tooLong: "wrote too much"
    }
  }

  private static func lastLine(of output: String) -> String {
    guard
      let line = output.split(whereSeparator: \.isNewline).last(where: { $0.contains { !$0.isWhitespace } })
    else { return "" }
    return ": \(line.count > 300 ? "…\(line.suffix(300))" : line)"
  }
}

/// The text with control characters replaced, so that it can't drive a terminal.
func printable(_ text: String, except allowed: String) -> String {
  var scalars = String.UnicodeScalarView()
  for scalar in text.unicodeScalars {
    let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    scalars.append(isControl && !allowed.unicodeScalars.contains(scalar) ? "\u{FFFD}" : scalar)
  }
  return String(scalars)
}
