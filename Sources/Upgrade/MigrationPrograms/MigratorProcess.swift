internal import Basics
internal import FoundationEssentials
internal import Migrations
internal import Programs
internal import SystemPackage

/// Runs a migration program on one database.
struct MigratorProcess {
  let program: MigrationProgram

  /// Runs the program and waits until it ends.
  ///
  /// It runs without a shell, a terminal and input, in a process group of its own, and gets this process's environment
  /// without the secrets for reports.
  /// - Parameters:
  ///   - path: the database, which is a private copy.
  ///   - time: how long it may take.
  /// - Throws: `Failure` with code `program` or `timeout` if it doesn't end with status 0.
  func run(on path: String, within time: Duration) throws(Failure) {
    let variables = Program.inherited(ProcessInfo.processInfo.environment)
      .merging(program.environment(for: path)) { _, own in own }
    var process = Program(
      program.arguments(for: path), environment: variables, timeout: max(time, .zero), keeping: .last(4096))
    process.folder = program.folder
    let run = process.run()
    guard let trouble = Self.trouble(run.termination) else { return }
    let name = (program.arguments.first ?? "").prefix(200).replacingControlCharacters()
    let lines = String(decoding: run.output, as: UTF8.self).split(whereSeparator: \.isNewline)
    let said = lines.suffix(3).map { $0.replacingControlCharacters() }.filter { !$0.isEmpty }
    let last = said.isEmpty ? "" : ": \(said.joined(separator: " / ").suffix(600))"
    throw Failure(
      code: run.termination == .timedOut ? .timeout : .program, step: .migrate,
      message: "\(name) \(trouble)\(last)")
  }

  private static func trouble(_ termination: ProgramRun.Termination) -> String? {
    switch termination {
    case .exited(0): nil
    case .exited(let status): "ended with status \(status)"
    case .signaled(let signal): "was ended by signal \(signal)"
    case .timedOut: "was stopped, as the time allowed had passed"
    case .notStarted(let code): "can't be run: \(Errno(rawValue: code))"
    case .failed(let reason): "failed: \(reason)"
    case .tooLong: "wrote too much"
    }
  }
}
