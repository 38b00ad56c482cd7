import Glibc
import Programs
import SystemPackage

/// A program of the system. It is found through PATH, and runs without a shell and without our secrets.
struct Tool {
  struct Result {
    /// The exit status. It is 127 if the program could not be started or was ended after ten minutes, and 128 plus
    /// the signal's number if a signal ended it.
    let status: Int32
    let output: [UInt8]
    /// The last lines of its error output, on one line.
    let reason: String
  }

  private let name: String
  private let environment: [String: String]

  init(_ name: String, _ environment: [String: String]) {
    (self.name, self.environment) = (name, environment)
  }

  /// Runs the program and waits until it ends.
  func run(_ arguments: [String], input: [UInt8] = []) -> Result {
    var program = Program(
      [name] + arguments, environment: Program.inherited(environment), timeout: .seconds(600),
      keeping: .everything(upTo: 16 << 20))
    program.input = input
    // The program may ask for a password on the terminal, and Ctrl-C ends it.
    program.hasOwnSession = false
    let run = program.run()
    switch run.termination {
    case .exited(let status): return ended(status, run)
    case .signaled(let signal): return ended(128 + signal, run)
    case .notStarted(let code): return failure("\(Errno(rawValue: code))")
    case .timedOut: return failure("it did not come to its end")
    case .tooLong: return failure("it prints too much")
    case .failed(let reason): return failure(reason)
    }
  }

  private func ended(_ status: Int32, _ run: ProgramRun) -> Result {
    let said = String(decoding: run.errors, as: UTF8.self).split(whereSeparator: \.isNewline)
    let reason = said.isEmpty ? "\(name) ended with status \(status)" : said.suffix(3).joined(separator: "; ")
    return Result(status: status, output: run.output, reason: reason)
  }

  private func failure(_ cause: String) -> Result {
    Result(status: 127, output: [], reason: "\(name) can't be run: \(cause)")
  }
}
