internal import Migrations
internal import SQLite
internal import Schema

/// Proves, inside the transaction, that the migrations had only permitted effects.
///
/// The migrator checks rows and `@expect` after each migration. This type checks foreign keys, the integrity of the
/// written tables, and the schema.
struct Proof {
  private let database: Connection
  private let before: Inspector.State
  private let inspector: Inspector
  private var foreignKeys: ForeignKeyProof
  /// The columns of the written tables that existed before, all case-folded.
  private var columns: [String: [String]] = [:]
  /// Which migrations wrote which tables.
  private var writers = TableWriters()

  init(_ database: Connection, before: Inspector.State, _ inspector: Inspector) {
    self.database = database
    self.before = before
    self.inspector = inspector
    foreignKeys = ForeignKeyProof(database, before.schema)
  }

  mutating func willWrite(_ table: String, in migration: Migration) throws {
    try foreignKeys.willWrite(table)
    let table = table.folded
    writers.note(table, migration)
    guard columns[table] == nil else { return }
    columns[table] = try names(of: table, in: before.schema)
  }

  /// The columns of a table; empty if it doesn't exist. The schema has no columns of a virtual table, so SQLite is
  /// asked.
  private func names(of table: String, in schema: Schema) throws -> [String] {
    guard let layout = schema.layout(of: table), layout.isEmpty else { return schema.layout(of: table) ?? [] }
    return try database.rows("SELECT name FROM pragma_table_xinfo(?, 'main')", [.text(table)]) {
      $0.text(0)?.folded ?? ""
    }
  }

  /// - Returns: the state after the migrations, including the drift that existed before and remains.
  func check() throws -> Inspector.State {
    let after = try inspector.state(of: database)
    try checkForeignKeys(after.schema)
    for table in foreignKeys.tables.sorted() where after.schema.object(.table, table) != nil {
      let findings = try database.rows("PRAGMA quick_check(\(quoted(table)))") { $0.text(0) ?? "" }
      guard findings == ["ok"] else {
        throw Failure(
          code: .corrupt, step: .prove,
          message: "quick_check of \(table) says: \(findings.prefix(5).joined(separator: "; "))")
      }
    }
    try checkColumns(after.schema)
    try checkAttachments(after.schema)
    try checkConstraints(after.schema)
    try checkSchema(after)
    return after
  }

  private func checkForeignKeys(_ schema: Schema) throws {
    let new = try foreignKeys.newViolations(schema)
    guard let first = new.first else { return }
    var counts: [String: Int] = [:]
    for (violation, count) in new { counts[violation.table, default: 0] += count }
    let places = counts.sorted { $0.key < $1.key }.map { "\($0.value) in \($0.key)" }.joined(separator: ", ")
    let example = zip(first.violation.columns, first.violation.values).map { column, value in
      "\(column) = \(value.text ?? value.integer.map(String.init) ?? "…")"
    }.joined(separator: ", ")
    let tables = Set(new.flatMap { [$0.violation.table, $0.violation.parent] })
    // A new foreign key finds rows that referred to nothing before. Otherwise the migrations changed the rows.
    let isCaused = new.contains { foreignKeys.existed($0.violation) }
    throw Failure(
      code: .foreignKey, step: .prove,
      message: "new foreign-key violations: \(places)"
        + (example.isEmpty ? "" : ", such as \(first.violation.table) with \(example)"),
      fault: isCaused ? .migration : .database, files: files(writing: tables))
  }

  /// Refuses to drop a column that the migrations don't know, even if drift ignores it. A table that is rebuilt from a
  /// list of columns would lose a column that somebody added by hand.
  private func checkColumns(_ after: Schema) throws {
    for (table, names) in columns.sorted(by: { $0.key < $1.key }) {
      let now = try self.names(of: table, in: after)
      let gone = now.isEmpty ? [] : names.filter { !now.contains($0) }
      guard !gone.isEmpty else { continue }
      let known = try knownColumns(of: table)
      guard let lost = gone.first(where: { !known.contains($0) }) else { continue }
      throw Failure(
        code: .columnLost, step: .prove,
        message:
          "column \(table).\(lost) is not from these migrations, and they would drop it with what it holds",
        fault: .database, files: files(writing: [table]))
    }
  }

  /// Refuses to drop an index or a trigger that the migrations don't know. They are dropped with their table, and a
  /// rebuild doesn't create those again that somebody added by hand.
  private func checkAttachments(_ after: Schema) throws {
    for table in columns.keys.sorted() where after.layout(of: table) != nil {
      let gone = Set(before.schema.attachments(of: table)).subtracting(after.attachments(of: table))
      for attachment in gone.sorted(by: { $0.name < $1.name })
      where !after.allAttachments.contains(where: { $0.name == attachment.name }) {
        guard try !isKnown(attachment.kind, attachment.name) else { continue }
        throw objectLost("\(attachment.kind.rawValue) \(attachment.name) of \(table)", table)
      }
    }
  }

  /// Refuses to drop a constraint that the migrations don't know. A rebuild replaces the table's SQL, which contains
  /// the constraints.
  private func checkConstraints(_ after: Schema) throws {
    guard before.history.recorded != nil else { return }
    let tables = columns.keys.filter { after.object(.table, $0) != nil }
    for kind in [Schema.Kind.unique, .check] {
      for object in before.schema.missing(kind, of: tables, in: after) {
        guard try !isKnown(kind, object.name) else { continue }
        throw objectLost("\(kind == .unique ? "UNIQUE" : "CHECK") of \(object.name)", object.table)
      }
    }
  }

  /// The files of the migrations that wrote any of `tables`, or of the only migration there is.
  private func files(writing tables: Set<String>) -> [String] {
    let found = writers.files(of: tables)
    let all = [before.plan.baseline].compactMap { $0 } + before.plan.pending
    return found.isEmpty && all.count == 1 ? all.map(\.file) : found
  }

  private func objectLost(_ what: String, _ table: String) -> Failure {
    Failure(
      code: .objectLost, step: .prove,
      message: "\(what) is not from these migrations, and they would drop it", fault: .database,
      files: files(writing: [table]))
  }

  /// Whether the migrations know an object: the recorded versions create it, or, without a history, the files to apply
  /// contain its name.
  private func isKnown(_ kind: Schema.Kind, _ name: String) throws -> Bool {
    guard before.history.recorded == nil else {
      return try inspector.expectedSchema.wholeSchema(of: before.history.versions).object(kind, name) != nil
    }
    return namesInFiles().contains(name)
  }

  /// The columns that the migrations know: those of the recorded versions, or, without a history, all names in the
  /// files to apply.
  private func knownColumns(of table: String) throws -> Set<String> {
    guard before.history.recorded != nil else { return namesInFiles() }
    return try inspector.expectedSchema.columns(of: table, at: before.history.versions)
  }

  private func namesInFiles() -> Set<String> {
    let migrations = [before.plan.baseline].compactMap { $0 } + before.plan.pending
    let tokens = migrations.flatMap(\.steps).flatMap(\.statements).flatMap(\.tokens)
    return Set(tokens.filter(\.isName).map(\.name))
  }

  /// Differences that existed before are drift, and so are those in the history. The migrations are responsible for all
  /// others.
  private func checkSchema(_ after: Inspector.State) throws {
    let caused = after.drift.filter { $0.objectKind != nil && !isOld($0, after.schema) }
    guard let first = caused.first else { return }
    let more = caused.count == 1 ? "" : ", and \(caused.count - 1) more"
    let tables = Set(caused.map { table(of: $0, after.schema) })
    let drifted = Set(before.drift.map { table(of: $0, before.schema) })
    throw Failure(
      code: .schema, step: .prove,
      message:
        "after the migrations the schema is not that of version \(after.history.version ?? 0): \(first)\(more)",
      fault: tables.isDisjoint(with: drifted) ? .migration : .database, files: files(writing: tables))
  }

  /// The table that a difference concerns, in lower case.
  private func table(of difference: Difference, _ schema: Schema) -> String {
    let object = difference.objectKind.flatMap { kind in
      schema.object(kind, difference.object) ?? before.schema.object(kind, difference.object)
    }
    return object?.table ?? String(difference.object.prefix { $0 != "." && $0 != " " }).folded
  }

  /// Whether a difference existed before and the object is unchanged.
  ///
  /// An untracked database had no version to differ from. If something is missing after its baseline, however, the
  /// baseline is at fault.
  private func isOld(_ difference: Difference, _ after: Schema) -> Bool {
    if before.drift.contains(difference) { return true }
    guard before.schema.agrees(with: after, on: difference) else { return false }
    if before.history.recorded == nil { return difference.actual != nil }
    return before.drift.contains { $0.object == difference.object && $0.objectKind == difference.objectKind }
  }
}
