public import SQLite

extension MigrationSet {
  /// Derives the questions that decide whether a plan's statements will fail or lose something.
  ///
  /// - Parameters:
  ///   - plan: the migrations to apply.
  ///   - database: a database to which it applies. Conditions of steps are asked of it, and nothing is written.
  ///   - deadline: when to stop.
  /// - Returns: the questions, which are the same for each database with the same schema for which the conditions have
  ///   the same answers.
  /// - Throws: `SQLiteError`.
  public func questions(
    for plan: Plan, of database: Connection, by deadline: Deadline
  ) throws -> DerivedQuestions {
    guard program == nil else {
      var derived = DerivedQuestions()
      derived.unasked = plan.pending.prefix(1).map { migration in
        UnaskedStatement(
          file: migration.file, line: 1, reason: "a program migrates, and what it will run is not known")
      }
      return derived
    }
    var derivation = try QuestionDerivation(of: database, historyTable, by: deadline)
    return try derivation.follow(plan)
  }
}
