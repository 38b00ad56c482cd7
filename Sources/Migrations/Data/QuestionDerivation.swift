internal import Basics
internal import SQLite

/// Follows the pending migrations on an empty copy of a database's schema, and derives a question from each statement
/// that can fail or lose something because of rows.
///
/// Statements that change the schema run in the copy. Statements that change rows are only compiled there; what they do
/// is followed in ``RowModel``. Nothing is written to the database itself.
struct QuestionDerivation {
  /// The database as it is, to evaluate conditions.
  let database: Connection
  /// A copy of its schema.
  let original: Connection
  /// A copy of its schema, as the statements so far change it.
  let copy: Connection
  let historyTable: any HistoryTable
  /// Why the copies lack a part of the schema; nil if they are complete.
  private let missing: String?
  /// The tables of the database as it is.
  let real: [String: TableShape]
  var model: RowModel
  var derived = DerivedQuestions()
  var isOver = false
  private var drafts: [(place: (file: String, line: Int), draft: QuestionWriter.Draft)] = []
  /// The queries for rows that a join may leave behind, by the table that is filled, with the table that is read.
  var joins: [Int: (table: String, sql: String?)] = [:]
  /// The place of the statement that is being followed.
  var place = (file: "", line: 0)

  /// - Parameters:
  ///   - database: the database, in whose schema nothing was changed yet.
  ///   - historyTable: the table that records migrations.
  ///   - deadline: when to stop.
  /// - Throws: `SQLiteError` if the schema can't be made again.
  init(of database: Connection, _ historyTable: any HistoryTable, by deadline: Deadline) throws(SQLiteError) {
    self.database = database
    self.historyTable = historyTable
    let statements = try MadeSchema(of: database).statements
    original = try Connection(path: "", access: .memory, deadline: deadline)
    copy = try Connection(path: "", access: .memory, deadline: deadline)
    var missing: String?
    for statement in statements {
      do throws(SQLiteError) {
        try original.execute(statement)
        try copy.execute(statement)
      } catch {
        // A module or a function of the application, for example. What doesn't need it can be asked all the same.
        guard error.code.primary == .error else { throw error }
        missing = missing ?? error.message
      }
    }
    self.missing = missing
    var shapes: [String: TableShape] = [:]
    for table in try TableTracker.tables(in: original) where !table.hasPrefix("sqlite_") {
      shapes[table] = try TableShape(table, in: original)
    }
    real = shapes
    let views = try original.rows("SELECT lower(name), sql FROM sqlite_schema WHERE type = 'view'") {
      ($0.text(0) ?? "", SQLText($0.text(1) ?? ""))
    }
    model = RowModel(taken: Set(shapes.keys).union(views.map(\.0)))
    model.views = Dictionary(views) { first, _ in first }
    for (name, shape) in shapes {
      var rows = TableRows(source: .table(name), whole: name, part: name, covered: name, id: model.newID())
      for column in shape.columns {
        rows.columns[column.name.folded] = TableRows.Origin(table: name, column: column.name.folded)
      }
      model.tables[name] = rows
    }
  }

  // MARK: Migrations

  /// Derives the questions of all migrations of a plan.
  mutating func follow(_ plan: Plan) throws -> DerivedQuestions {
    for migration in [plan.baseline].compactMap(\.self) + plan.pending where !isOver {
      try follow(migration)
      if migration.version == nil, !isOver {
        try? historyTable.create(in: copy)
      }
    }
    if !isOver { try askReferences() }
    return derived
  }

  private mutating func follow(_ migration: Migration) throws {
    place = (migration.file, 1)
    for clause in migration.requirements where !isOver {
      place.line = clause.line
      try require(clause)
    }
    guard !migration.runsOutsideTransaction, !isOver else { return }
    defer {
      copy.endGuard()
      if migration.changesRenaming { try? copy.execute("PRAGMA legacy_alter_table = OFF") }
    }
    let before = model
    var tracker = TableTracker(try TableTracker.tables(in: copy))
    for step in migration.steps where !isOver {
      place.line = step.line
      guard let applies = try applies(step) else { break }
      for statement in applies ? step.statements : [] where !isOver {
        place.line = statement.line
        try follow(statement, &tracker)
      }
    }
    if !isOver { try askLosses(of: migration, since: before, tracker) }
    try settleDrafts(of: migration, tracker)
  }

  private mutating func follow(_ statement: ScriptStatement, _ tracker: inout TableTracker) throws {
    do {
      let (prepared, writes) = try copy.prepareGuarded(statement.sql)
      tracker.note(writes)
      tracker.follow(statement)
      try follow(SQLText(statement.sql), prepared, writes)
    } catch let error as RowModel.Untraceable {
      leaveUnasked(error.reason)
    } catch let error as SQLiteError where error.code.primary != .interrupt {
      let line = error.offset.map { statement.line(at: $0) } ?? statement.line
      place.line = line
      end(error)
    }
  }

  /// Ends the derivation at a statement that SQLite rejects whatever the rows are.
  mutating func end(_ error: SQLiteError) {
    isOver = true
    // The copy doesn't have SQLite's own tables, such as those of ANALYZE.
    guard missing == nil, !error.message.contains("sqlite_") else {
      let reason = missing.map { ", perhaps because a part of the schema can't be made here (\($0))" } ?? ""
      leaveUnasked("\(error.message)\(reason): what follows was not asked either")
      return
    }
    derived.questions.append(
      DataQuestion(
        file: place.file, line: place.line, effect: .fails, noun: error.message, nouns: "", sql: ""))
  }

  // MARK: Results

  /// Adds a question whose words are known.
  mutating func ask(
    effect: DataQuestion.Effect, noun: String, nouns: String, sql: String, topic: String? = nil
  ) {
    let question = DataQuestion(
      file: place.file, line: place.line, effect: effect, noun: noun, nouns: nouns, sql: sql, topic: topic)
    guard !sql.isEmpty else {
      if !derived.questions.contains(question) { derived.questions.append(question) }
      return
    }
    do throws(SQLiteError) {
      // A question that doesn't fit the database as it is can't be asked.
      guard let statement = try original.prepare(sql), statement.isReadOnly else { return }
      if !derived.questions.contains(question) { derived.questions.append(question) }
    } catch {
      leaveUnasked(error.message)
    }
  }

  /// Adds a question whose words wait for the table's name at the end of the migration.
  mutating func ask(_ draft: QuestionWriter.Draft?, at place: (file: String, line: Int)? = nil) {
    if let draft { drafts.append((place ?? self.place, draft)) }
  }

  mutating func leaveUnasked(_ reason: String) {
    let statement = UnaskedStatement(file: place.file, line: place.line, reason: reason)
    if !derived.unasked.contains(statement) { derived.unasked.append(statement) }
  }

  /// Adds the questions of a migration whose words waited for the names of tables.
  private mutating func settleDrafts(of migration: Migration, _ tracker: TableTracker) throws {
    let last = place
    for (place, draft) in drafts {
      let name = model.tables.first { $0.value.id == draft.table }?.key ?? names[draft.table] ?? "a table"
      let words = draft.words(name)
      self.place = place
      var effect = draft.effect
      // The content of a table that is rebuilt must stay, unless the migration declares the change.
      if let changed = draft.changed, changed.table == name {
        let column = tracker.name(of: changed.column, in: name, since: 0)
        // A column that goes in the end is asked about for itself.
        guard try shape(name).map({ $0.column(column) != nil }) ?? true else { continue }
        let declarations: Set = ["\(name).\(changed.column)", "\(name).*"]
        if migration.changes.isDisjoint(with: declarations) { effect = .refused }
      }
      ask(effect: effect, noun: words.one, nouns: words.several, sql: draft.sql)
    }
    (drafts, place) = ([], last)
  }

  /// The last names of tables that are gone, and where they were dropped.
  var names: [Int: String] = [:]
  var dropPlaces: [Int: (file: String, line: Int)] = [:]

  mutating func at(_ place: (file: String, line: Int), _ work: (inout QuestionDerivation) throws -> Void)
    rethrows
  {
    let last = self.place
    self.place = place
    defer { self.place = last }
    try work(&self)
  }
}
