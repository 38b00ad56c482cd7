import ArgumentParser
import Basics
import Fleet
import FoundationEssentials
import Migrations
import Report
import Schema

struct LintCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lint", abstract: "Checks the migration files; opens no installation.",
    discussion: """
      Reads every file and tells all that no command would accept, then runs them one by one on an empty database. \
      Warns of what goes through there and may fail, lose rows or do nothing on a full one: rows that go without \
      '@deletes', columns that can't be added and indexes that can't be unique where there are rows, statements \
      without effect, and files that were changed after they were applied. Running all of them may take 30 seconds.

      Ends with status 1 where there are errors, and with 0 where there are none or only warnings.

      For example: flotilla lint, or flotilla lint migrations --baseline baseline.sql
      """)

  @ParentCommand var root: Flotilla
  @OptionGroup var global: GlobalOptions
  @OptionGroup var source: MigrationSource
  @Option(help: "table or json") var format = TableFormat.table

  func run() throws {
    let global = global.orElse(root.global)
    try global.refuseSelection()
    let console = Console(environment: ProcessInfo.processInfo.environment)
    try finishing(console) {
      let migrations = try source.load(global)
      var findings: [Finding] = []
      _ = try stoppingAtOnce(console) { interruption in
        findings = try Lint(migrations.files, cancellation: interruption.cancellation).findings()
        return .well
      }
      if !findings.contains(where: { $0.severity == .error }) {
        findings = try changes(migrations, console) + findings
      }
      let report = LintReport(findings)
      switch format {
      case .json: console.out(try report.json() + "\n")
      case .table: console.out(lines: [migrations.headline, ""] + report.lines(suffix: migrations.suffix))
      }
      return report.errors > 0 ? .failed : .well
    }
  }

  /// Warnings for files that were changed after they were applied, according to the state folder.
  private func changes(_ migrations: AuthoredMigrations, _ console: Console) throws -> [Finding] {
    guard let fleet = migrations.fleet, StateFolder(fleet.state).hasJournal else { return [] }
    let set = try MigrationSet(migrations.files)
    do {
      let counts = try Journal(StateFolder(fleet.state)).installationsWithOther(set)
      return set.migrations.compactMap { migration in
        counts[migration.version ?? 0].map { count in
          Finding(
            .warning, migration.file, nil,
            "it was changed after it was applied to \(counted(count, "installation")), which keep what it said "
              + "then: put it back, and write the change as a new migration")
        }
      }
    } catch {
      console.log("flotilla: whether files were changed after they were applied is not known: \(error)")
      return []
    }
  }
}

/// The findings of `lint`, for people and for programs.
struct LintReport: Encodable {
  private let format = "flotilla.lint/1"
  let errors: Int
  let warnings: Int
  let notes: Int
  private let findings: [Finding]

  init(_ findings: [Finding]) {
    self.findings = findings
    errors = findings.count { $0.severity == .error }
    warnings = findings.count { $0.severity == .warning }
    notes = findings.count { $0.severity == .note }
  }

  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self).harmlessJSON
  }

  /// The findings, the counts, and the next command followed by `suffix`.
  func lines(suffix: String) -> [String] {
    let list = findings.flatMap { finding in
      ["\(finding.file)\(finding.line.map { ":\($0)" } ?? ""): \(finding.severity.rawValue)"]
        + TextLayout.wrap(finding.message, first: "  ")
    }
    let next = errors > 0 ? "Next, once that is mended: flotilla lint" : "Next: flotilla test"
    let counts =
      "\(counted(errors, "error")) · \(counted(warnings, "warning"))"
      + (notes > 0 ? " · \(counted(notes, "note"))" : "")
    return list + (list.isEmpty ? [] : [""]) + [counts, next + suffix]
  }
}
