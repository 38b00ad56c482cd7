internal import SQLite

/// The conditions of steps and migrations.
extension QuestionDerivation {
  /// Whether a step runs; nil if that depends on what the migrations before it do, which ends the derivation.
  mutating func applies(_ step: Migration.Step) throws -> Bool? {
    do {
      for (conditions, wanted) in [(step.when, true), (step.unless, false)] {
        for condition in conditions where try holds(condition) != wanted { return false }
      }
      return true
    } catch let error as RowModel.Untraceable {
      leaveUnasked(
        "whether it runs depends on rows that change before it (\(error.reason)); nothing after it was asked")
    } catch let error as SQLiteError where error.code.primary == .error {
      end(error)
    }
    isOver = true
    return nil
  }

  private mutating func holds(_ condition: Condition) throws -> Bool {
    guard case .query(let sql) = condition else { return try condition.holds(in: copy) }
    guard let question = try bound(sql) else { return try condition.holds(in: copy) }
    let holds = try database.answer(question)?.isTrue ?? false
    derived.conditions.append((question, holds))
    return holds
  }

  /// A condition's query as a query on the database as it is; nil if it only reads the schema.
  private func bound(_ sql: String) throws -> String? {
    let text = SQLText(sql)
    let names = text.tokens.filter(\.isName).map(\.name)
    let readsSchema = names.contains {
      ["sqlite_schema", "sqlite_master"].contains($0) || $0.hasPrefix("pragma_")
    }
    let readsRows = names.contains { model.tables[$0] != nil || model.views[$0] != nil }
    if readsSchema, !readsRows { return nil }
    return model.complete(try model.bound(sql, mentioning: text))
  }

  /// Asks whether an `@require` holds.
  mutating func require(_ clause: Migration.Clause) throws {
    let noun = clause.message ?? "requires \(clause.condition), which is not so"
    do {
      if case .query(let sql) = clause.condition, let question = try bound(sql) {
        ask(effect: .fails, noun: noun, nouns: "", sql: "SELECT coalesce((\(question)), 0) = 0")
      } else if try !clause.condition.holds(in: copy) {
        derived.questions.append(
          DataQuestion(
            file: place.file, line: place.line, effect: .fails, noun: noun, nouns: "", sql: ""))
        isOver = true
      }
    } catch let error as RowModel.Untraceable {
      leaveUnasked(error.reason)
    } catch let error as SQLiteError where error.code.primary == .error {
      end(error)
    }
  }
}
