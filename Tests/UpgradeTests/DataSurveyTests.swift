import BenchSupport
import Foundation
import Migrations
import SQLite
import TestSupport
import Testing
import Upgrade

/// The questions to the rows of a database, and whether an upgrade agrees with the answers.
@Suite struct DataSurveyTests {
  private func bench(_ data: DataCase) throws -> Bench {
    let bench = try Bench(more: data.rows)
    let made = SQLScript(data.rows).statements.map(\.sql).filter { $0.hasPrefix("CREATE") }
    try bench.migration("0001_create_tables.sql", Bench.first + made.map { "\n\($0);" }.joined())
    for (place, sql) in data.migrations.enumerated() {
      try bench.migration("000\(place + 2)_change.sql", sql)
    }
    return bench
  }

  private func answers(_ bench: Bench) throws -> DataAnswers {
    let before = try Content.bytes(bench.path)
    let answers = try bench.worker().ask(bench.path)
    #expect(try Content.bytes(bench.path) == before)
    #expect(!bench.exists("db.sqlite-journal") && !bench.exists("db.sqlite-wal"))
    return answers
  }

  private func found(_ answers: DataAnswers) -> [String] {
    answers.findings.map { "\($0.question.effect.rawValue): \($0.question.finding($0.count))" }.sorted()
  }

  @Test(arguments: DataCase.constraints + DataCase.losses + DataCase.sequences)
  func `what the rows say is what becomes of them`(data: DataCase) throws {
    let bench = try bench(data)
    let answers = try answers(bench)
    #expect(answers.failure == nil && answers.unasked.isEmpty, "\(answers)")
    #expect(!answers.counts.contains(nil))
    #expect(found(answers) == data.found, "\(answers.questions.map(\.sql).joined(separator: "\n"))")
    let fails = answers.findings.contains { $0.question.effect != .loses }
    let outcome = try bench.upgrade()
    #expect(outcome.status == (fails ? .failed : .migrated), "\(outcome.failure?.message ?? "")")
  }

  @Test(arguments: DataCase.unknown) func `what can't be foretold is named`(data: DataCase) throws {
    let bench = try bench(data)
    let answers = try answers(bench)
    #expect(found(answers) == data.found, "\(answers)")
    #expect(answers.unasked.count == data.unasked.count, "\(answers.unasked.map(\.reason))")
    for (statement, reason) in zip(answers.unasked, data.unasked) {
      #expect(statement.reason.contains(reason), "\(statement.reason)")
    }
  }
}
