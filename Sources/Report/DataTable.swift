internal import Basics
public import Fleet
internal import Migrations
internal import Upgrade

/// What the rows of a fleet say to the pending migrations, for people. What would fail comes first.
public struct DataTable {
  private let findings: DataFindings
  private let isVerbose: Bool
  private let names: (Int) -> String

  /// Creates a table.
  ///
  /// - Parameters:
  ///   - findings: the answers.
  ///   - isVerbose: whether all names and all questions are listed.
  ///   - names: the id of the installation at an index of the inventory.
  public init(_ findings: DataFindings, isVerbose: Bool, names: @escaping (Int) -> String) {
    self.findings = findings
    self.isVerbose = isVerbose
    self.names = names
  }

  /// A finding of one statement, with the questions that found it in databases with different schemas.
  private struct Finding {
    let question: DataQuestion
    var sql: [String] = []
    var asked = 0
    var found: [(index: Int, count: Int)] = []
  }

  /// The lines: one paragraph for each finding with its question, what was not asked, and a summary.
  public func lines() -> [String] {
    let found = found()
    let sorted = DataQuestion.Effect.inOrder.flatMap { effect in
      found.filter { $0.question.effect == effect }
    }
    let blocks = sorted.map(lines(of:)) + findings.unasked.map { unasked($0.statement, $0.indices) }
    var lines = blocks.flatMap { $0 } + unreachable()
    if isVerbose {
      for question in findings.questions {
        let answers = findings.answers(to: question)
        guard answers.found.isEmpty, !question.sql.isEmpty else { continue }
        let what = question.nouns.isEmpty ? question.noun : question.nouns
        lines += TextLayout.wrap(
          "\(question.place) was asked of \(Numbers.grouped(answers.asked)): 0 \(what)")
        lines += Self.indented(question.sql)
      }
    }
    return lines + (lines.isEmpty ? [] : [""]) + TextLayout.wrap(summary)
  }

  /// The findings, in the order of the migrations.
  private func found() -> [Finding] {
    var list: [Finding] = []
    var places: [String: Int] = [:]
    for question in findings.findings {
      let key = "\(question.place) \(question.effect) \(question.noun)"
      let answers = findings.answers(to: question)
      let place = places[key] ?? list.count
      if place == list.count { list.append(Finding(question: question)) }
      places[key] = place
      list[place].sql.append(question.sql)
      list[place].asked += answers.asked
      list[place].found += answers.found
    }
    return list.map { finding in
      var finding = finding
      finding.found.sort { $0.index < $1.index }
      return finding
    }
  }

  /// `0012_unique.sql:1 will fail in 3 of 10,000: berlin, lima, oslo (2 duplicates of users.email)`
  private func lines(of finding: Finding) -> [String] {
    let question = finding.question
    let counts = finding.found.map(\.count)
    let (least, most) = (counts.min() ?? 0, counts.max() ?? 0)
    let what =
      least == most || question.nouns.isEmpty
      ? question.finding(most) : "\(Numbers.grouped(least)) to \(question.finding(most))"
    let verb =
      switch question.effect {
      case .fails: "will fail in"
      case .refused: "would lose data, and be refused, in"
      case .loses: "will succeed and lose data in"
      }
    let share = "\(Numbers.grouped(finding.found.count)) of \(Numbers.grouped(finding.asked))"
    let names = list(finding.found.map(\.index))
    return TextLayout.wrap("\(question.place) \(verb) \(share): \(names) (\(what))")
      + finding.sql.flatMap(Self.indented)
  }

  /// SQL, indented and not wrapped, so that it can be pasted.
  private static func indented(_ sql: String) -> [String] {
    let isLong = sql.utf8.count > longest
    let shown = isLong ? "\(sql.prefix(longest))… (\(sql.utf8.count) bytes)" : sql
    return shown.split(whereSeparator: \.isNewline).map { "  \($0)" }
  }

  /// How much of a question is shown, in characters. Migrations may insert megabytes.
  private static let longest = 4_000

  private func unasked(_ statement: UnaskedStatement, _ indices: [Int]) -> [String] {
    TextLayout.wrap(
      "\(statement.place) was not asked in \(Numbers.grouped(indices.count)): \(statement.reason)")
  }

  /// `Could not be asked: 2 (oslo: …)`
  private func unreachable() -> [String] {
    guard !findings.failures.isEmpty else { return [] }
    var reasons: [(text: String, indices: [Int])] = []
    var places: [String: Int] = [:]
    for (index, failure) in findings.failures {
      let text = "\(failure)"
      if let place = places[text] {
        reasons[place].indices.append(index)
      } else {
        places[text] = reasons.count
        reasons.append((text, [index]))
      }
    }
    let shown = isVerbose ? reasons[...] : reasons.prefix(3)
    let more = reasons.count - shown.count
    let parts =
      shown.map { "\(list($0.indices)): \($0.text)" } + (more > 0 ? ["and \(more) more reasons"] : [])
    return TextLayout.wrap(
      "Could not be asked: \(Numbers.grouped(findings.failures.count)) (\(parts.joined(separator: "; ")))")
  }

  /// `berlin, lima, oslo and 4 more`
  private func list(_ indices: [Int]) -> String {
    let shown = isVerbose ? indices[...] : indices.prefix(indices.count > 8 ? 7 : 8)
    let more = indices.count - shown.count
    return shown.map(names).joined(separator: ", ") + (more > 0 ? " and \(Numbers.grouped(more)) more" : "")
  }

  /// One sentence about everything.
  private var summary: String {
    guard !findings.questions.isEmpty || findings.isBad else {
      return "Data: nothing that is pending depends on rows."
    }
    let found = findings.findings
    let indices = { (questions: [DataQuestion]) in
      Set(questions.flatMap { findings.answers(to: $0).found.map(\.index) })
    }
    let failing = indices(found.filter { $0.effect != .loses })
    let losing = indices(found.filter { $0.effect == .loses }).subtracting(failing)
    let unknown = Set(findings.failures.map(\.index) + findings.unasked.flatMap(\.indices))
    let parts = [
      (failing.count, "will fail"), (losing.count, "will succeed and lose data"),
      (unknown.count, "could not be asked everything"),
    ].filter { $0.0 > 0 }.map { "\(Numbers.grouped($0)) \($1)" }
    let noun = findings.asked == 1 ? "installation" : "installations"
    let head =
      "Data: \(counted(findings.questions.count, "question")) to \(Numbers.grouped(findings.asked)) \(noun)"
    return parts.isEmpty
      ? "\(head); nothing will fail or be lost." : "\(head): \(parts.joined(separator: ", "))."
  }
}

extension DataQuestion.Effect {
  /// The effects, the worst first.
  fileprivate static let inOrder: [DataQuestion.Effect] = [.fails, .refused, .loses]
}
