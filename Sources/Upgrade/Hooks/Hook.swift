internal import Basics
internal import FoundationEssentials
internal import Glibc
internal import Migrations
internal import Programs
internal import SystemPackage

/// One hook for one installation.
struct Hook {
  let which: HookResult.Which
  let arguments: [String]
  /// The path of the database.
  let path: String
  /// The result of the upgrade, for the hook after it; nil for the hook before it.
  var status: Status?

  /// The result of running a hook; nil in `result` if the hook could not be started.
  struct Run {
    let result: HookResult?
    /// Why the hook failed, in words; nil if it succeeded.
    let trouble: String?
  }

  func run(within time: Duration) -> Run {
    let start = ContinuousClock.now
    let program = Program(
      arguments, environment: environment(of: ProcessInfo.processInfo.environment),
      timeout: max(time, .zero), keeping: .last(4096))
    let run = program.run()
    let milliseconds = ((ContinuousClock.now - start).milliseconds * 1000).rounded() / 1000
    let output = String(decoding: run.output, as: UTF8.self).replacingControlCharacters(keeping: "\n\t")
    let trouble = Self.trouble(run.termination, time, Self.lastLine(of: output)).map {
      "the '\(which.rawValue)' hook \(name) \($0)"
    }
    if case .notStarted = run.termination { return Run(result: nil, trouble: trouble) }
    var status: Int32?
    if case .exited(let code) = run.termination { status = code }
    let result = HookResult(
      which: which, program: name, status: status, output: output, milliseconds: milliseconds)
    return Run(result: result, trouble: trouble)
  }

  private var name: String { (arguments.first ?? "").prefix(200).replacingControlCharacters() }

  /// This process's environment without the secrets for reports, and with variables that describe the installation.
  func environment(of process: [String: String]) -> [String: String] {
    var variables = Program.inherited(process)
    variables["FLOTILLA_INSTALLATION_PATH"] = path
    variables["FLOTILLA_HOOK"] = which.rawValue
    variables["FLOTILLA_STATUS"] = status.map { $0 == .failed ? "failed" : "migrated" }
    return variables
  }

  private static func trouble(_ termination: ProgramRun.Termination, _ time: Duration, _ said: String)
    -> String?
  {
    switch termination {
    case .exited(0): nil
    case .exited(let status): "ended with status \(status)\(said)"
    case .signaled(let signal): "was ended by signal \(signal)\(said)"
    case .timedOut:
      "was stopped after \(Int((time / .seconds(1)).rounded())) s without an end\(said)"
    case .notStarted(let code): "can't be run: \(Errno(rawValue: code))"
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
