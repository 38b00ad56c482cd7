internal import Basics
internal import Glibc
internal import Programs
internal import SystemPackage

/// Runs a program that prints an inventory. It gets no shell, no input and none of our secrets, runs in the current
/// folder of this process, and has limits on time and output.
struct InventoryProgram {
  let path: String
  let arguments: [String]
  let environment: [String: String]
  var timeout = Duration.seconds(30)
  var longestOutput = 64 << 20

  enum Failure: Error, CustomStringConvertible {
    case start(Int32)
    case timeout(Duration)
    case tooLong(bytes: Int)
    case exit(status: Int32, errors: String)
    case signal(Int32, errors: String)
    case other(String)

    var description: String {
      switch self {
      case .start(ENOEXEC): "can't be run: it is executable but no program (is the #! line missing?)"
      case .start(let code): "can't be run: \(InventoryPath.message(Errno(rawValue: code)))"
      case .timeout(let limit): "was stopped after \(limit.components.seconds) s without an end"
      case .tooLong(let bytes): "was stopped after printing more than \(bytes >> 20) MB"
      case .exit(let status, let errors): "failed with exit status \(status)\(Self.tail(errors))"
      case .signal(let signal, let errors): "was ended by signal \(signal)\(Self.tail(errors))"
      case .other(let reason): "can't be run: \(reason)"
      }
    }

    /// The end of the program's error output, on one line.
    private static func tail(_ errors: String) -> String {
      let lines = errors.split(whereSeparator: \.isNewline).map { String($0).harmless() }
      let text = lines.joined(separator: " | ")
      guard !text.isEmpty else { return "" }
      return ": \(text.count > 1_000 ? "…\(text.suffix(1_000))" : text)"
    }
  }

  /// Runs the program and returns its standard output.
  ///
  /// - Throws: `Failure` if the program can't be started, fails, takes too long or prints too much.
  func output() throws(Failure) -> [UInt8] {
    let program = Program(
      [path] + arguments, environment: Program.inherited(environment), timeout: timeout,
      keeping: .everything(upTo: longestOutput))
    let run = program.run()
    switch run.termination {
    case .exited(0): return run.output
    case .exited(let status): throw .exit(status: status, errors: String(decoding: run.errors, as: UTF8.self))
    case .signaled(let signal): throw .signal(signal, errors: String(decoding: run.errors, as: UTF8.self))
    case .timedOut: throw .timeout(timeout)
    case .tooLong: throw .tooLong(bytes: longestOutput)
    case .notStarted(let code): throw .start(code)
    case .failed(let reason): throw .other(reason)
    }
  }
}
