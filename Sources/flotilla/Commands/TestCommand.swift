import ArgumentParser
import Fleet
import FoundationEssentials
import Migrations
import Report
import Upgrade

struct TestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Proves on temporary databases that fresh and upgraded ones are the same.",
    discussion: """
      Compares what the script for fresh installations makes with what baseline and migrations lead to; upgrades an \
      empty database, and one of each version, to the latest with all proofs that migrate has; and runs it all again, \
      which must change nothing. The databases hold no rows: flotilla plan --rehearse tries the migrations on copies \
      of real ones. The last line tells how many migrations could also run where their work is there but not \
      recorded, as their conditions see to; that is no must (--verbose names the others). A replay or an upgrade that \
      takes longer than 30 seconds is ended, with file and line of the statement that ran.

      Ends with status 1 where something differs.

      For example: flotilla test, or flotilla test migrations --schema schema.sql
      """)

  @ParentCommand var root: Flotilla
  @OptionGroup var global: GlobalOptions
  @OptionGroup var source: MigrationSource

  func run() throws {
    let global = global.orElse(root.global)
    try global.refuseSelection()
    let console = Console(environment: ProcessInfo.processInfo.environment)
    try finishing(console) {
      try stoppingAtOnce(console) { try test(global, console, $0) }
    }
  }

  private func test(_ global: GlobalOptions, _ console: Console, _ interruption: Interruption) throws
    -> ExitStatus
  {
    let migrations = try source.load(global)
    var control = WorkControl()
    control.cancellation = interruption.cancellation
    let set = try MigrationSet(migrations.files)
    var checks: [MigrationTest.Check] = []
    try withTemporaryFolder { folder in
      let ignored = migrations.fleet?.drift.ignore ?? []
      try MigrationTest(set, ignoring: ignored, in: folder, control: control).run { check in
        if let signal = interruption.signal { throw ExitCode(128 + signal) }
        checks.append(check)
      }
    }
    let failed = checks.count { $0.result == .failed }
    console.out(lines: [migrations.headline, ""] + lines(checks, isVerbose: global.verbose))
    let next =
      failed > 0
      ? "Next, once that is mended: flotilla test\(migrations.suffix)" : "Next: flotilla plan --rehearse"
    let passed = checks.count { $0.result == .passed }
    let leftOut = checks.count - passed - failed
    let counts = "\(passed) passed · \(failed) failed" + (leftOut > 0 ? " · \(leftOut) left out" : "")
    console.out(lines: ["", counts, next])
    return failed > 0 ? .failed : .well
  }

  /// The lines for the checks; failed ones come first.
  private func lines(_ checks: [MigrationTest.Check], isVerbose: Bool) -> [String] {
    let order = checks.filter { $0.result == .failed } + checks.filter { $0.result != .failed }
    return order.flatMap { check -> [String] in
      let word =
        switch check.result {
        case .passed: "passed    "
        case .failed: "failed    "
        case .leftOut: "left out  "
        }
      let isShown = check.result != .passed || isVerbose
      let indent = String(repeating: " ", count: word.count)
      return TextLayout.wrap(check.name, first: word)
        + (isShown ? check.details.flatMap { TextLayout.wrap($0, first: indent) } : [])
    }
  }
}
