internal import Basics
internal import Migrations
internal import SQLite
internal import Schema
internal import Synchronization

/// Asks a database what the rows say to its pending migrations, without changing it or its folder.
struct DataSurvey {
  let inspector: Inspector
  let cache: QuestionCache

  func ask(_ path: String) -> DataAnswers {
    do {
      let deadline = inspector.deadline
      let file = try DatabaseFile.inspect(path).get()
      let known = known(path, file)
      // Where nothing has to be asked, the database needn't be opened.
      if let known, known.questions.allSatisfy(\.sql.isEmpty) { return try ask(known, nil, by: deadline) }
      // A log that a crash left is read as any reader does, not under the exclusive lock that inspections take.
      return try inspector.reader.read(path, file, by: deadline, exclusively: false) { database in
        try ask(try known ?? questions(of: database, by: deadline), database, by: deadline)
      }
    } catch {
      return DataAnswers(Failure(error, at: .inspect))
    }
  }

  /// The questions for a database at rest whose schema was seen before; nil if SQLite has to read it, or if conditions
  /// decide.
  private func known(_ path: String, _ file: DatabaseFile) -> DerivedQuestions? {
    let set = inspector.set
    guard let look = FastInspection(path, file, inspector.cache, inspector.layouts, set.historyTable) else {
      return nil
    }
    return cache.unconditional(look.digest, set.plan(for: look.history, upTo: inspector.options.target))
  }

  /// The questions for a database, which are derived if they aren't known.
  private func questions(of database: Connection, by deadline: Deadline) throws -> DerivedQuestions {
    let (_, digest) = try inspector.cache.schema(of: database)
    let history = try inspector.set.historyTable.read(database)
    let plan = inspector.set.plan(for: history, upTo: inspector.options.target)
    guard !plan.isAhead, !plan.isCurrent else { return DerivedQuestions() }
    do {
      return try cache.questions(digest, plan, of: database) {
        try inspector.set.questions(for: plan, of: database, by: deadline)
      }
    } catch {
      try deadline.check()
      let failure = Failure(error, at: .inspect)
      throw failure.saying("no questions can be derived for its schema: \(failure.message)")
    }
  }

  /// Asks the questions. The database is nil if no question needs it.
  private func ask(
    _ derived: DerivedQuestions, _ database: Connection?, by deadline: Deadline
  ) throws -> DataAnswers {
    var answers = answers(derived)
    // Each question is asked in a transaction of its own, so that a writer waits for no more than one.
    database?.rollback()
    var settled: Set<String> = []
    for (place, question) in derived.questions.enumerated() {
      if let topic = question.topic, settled.contains(topic) {
        answers.counts[place] = 0
        continue
      }
      guard !question.sql.isEmpty, let database else {
        answers.counts[place] = 1
        continue
      }
      do {
        let count = Int(try database.answer(question.sql)?.integer ?? 0)
        answers.counts[place] = count
        if count > 0, let topic = question.topic { settled.insert(topic) }
      } catch {
        let failure = Failure(error, at: .inspect)
        answers.failure = failure.saying("\(question.place) was not answered: \(failure.message)")
        if deadline.isOver { break }
      }
    }
    return answers
  }

  /// Answers without counts.
  private func answers(_ derived: DerivedQuestions) -> DataAnswers {
    var answers = DataAnswers()
    answers.questions = derived.questions
    answers.counts = Array(repeating: nil, count: derived.questions.count)
    answers.unasked = derived.unasked
    return answers
  }
}

/// Caches the questions by what determines them: the digest of the schema's stored text, the plan, and the answers to
/// the conditions of its steps.
final class QuestionCache: Sendable {
  private struct Key: Hashable {
    let digest: Fingerprint
    let hasBaseline: Bool
    let pending: [MigrationVersion]

    init(_ digest: Fingerprint, _ plan: Plan) {
      self.digest = digest
      hasBaseline = plan.baseline != nil
      pending = plan.pending.compactMap(\.version)
    }
  }

  private let limit = 256
  private let known = Mutex<[Key: [DerivedQuestions]]>([:])

  /// The questions, if they don't depend on conditions that only rows can answer; nil if they do, or aren't known.
  func unconditional(_ digest: Fingerprint, _ plan: Plan) -> DerivedQuestions? {
    known.withLock { $0[Key(digest, plan)] }?.first { $0.conditions.isEmpty }
  }

  /// The questions for a database.
  ///
  /// - Parameters:
  ///   - digest: the digest of its schema.
  ///   - plan: the pending migrations.
  ///   - database: the database, to ask for the conditions.
  ///   - derive: derives the questions if they aren't known.
  /// - Returns: the questions.
  /// - Throws: what `derive` throws; `SQLiteError` if a condition can't be asked.
  func questions(
    _ digest: Fingerprint, _ plan: Plan, of database: Connection, _ derive: () throws -> DerivedQuestions
  ) throws -> DerivedQuestions {
    let key = Key(digest, plan)
    for candidate in known.withLock({ $0[key] }) ?? [] {
      let isSame = try candidate.conditions.allSatisfy { sql, holds in
        try database.answer(sql)?.isTrue ?? false == holds
      }
      if isSame { return candidate }
    }
    let derived = try derive()
    known.withLock { known in
      if known.count >= limit || (known[key]?.count ?? 0) >= limit { known = [:] }
      known[key, default: []].append(derived)
    }
    return derived
  }
}
