internal import Basics
internal import SQLite
internal import Schema

/// Parses the text of one migration file. All errors name file and line.
struct MigrationParser {
  private let file: String
  private var faults: [MigrationError] = []
  private var requirements: [Migration.Clause] = []
  private var expectations: [Migration.Clause] = []
  private var declarations = Declarations()
  private var steps: [Migration.Step] = []
  private var when: [Condition] = []
  private var unless: [Condition] = []
  private var stepLine = 1
  private var sql = ""
  private var sqlLine = 1

  private static let directives =
    ["when", "unless", "always", "require", "expect"] + Declarations.directives.map(\.word)

  /// - Returns: the migration and all its errors. If there are errors, the migration must not be used.
  static func parse(_ draft: MigrationDraft) -> (migration: Migration, faults: [MigrationError]) {
    var parser = MigrationParser(file: draft.file)
    parser.read(draft.up, tool: draft.tool)
    var steps = parser.steps
    var notes: [Migration.Note] = []
    if draft.tool != nil {
      let statements = ForeignStatements(steps)
      (steps, notes) = (statements.steps, statements.notes)
      if draft.isOutsideTransaction { parser.obeyMarker(steps, &notes) }
    }
    let migration = Migration(
      draft, requirements: parser.requirements, expectations: parser.expectations,
      declarations: parser.declarations, steps: steps, notes: notes)
    let rules = StatementRules(file: draft.file, isForeign: draft.tool != nil)
    return (migration, parser.faults + (parser.faults.isEmpty ? rules.faults(of: migration) : []))
  }

  private init(file: String) { self.file = file }

  /// Obeys another tool's marker that a file must not run in a transaction, if one of its statements can't.
  ///
  /// Most such files only switch foreign keys off, which needs no marker here. In a transaction they are atomic.
  private mutating func obeyMarker(_ steps: [Migration.Step], _ notes: inout [Migration.Note]) {
    let statements = steps.flatMap(\.statements)
    if statements.contains(where: StatementRules.mustRunAlone) {
      declarations.runOutsideTransaction()
    } else if let first = statements.first {
      notes.append(
        .init(
          line: first.line,
          message:
            "the file says that it runs outside a transaction; it runs in one, as nothing in it prevents that"
        ))
    }
  }

  private mutating func read(_ text: String, tool: String?) {
    // The tokenizer finds the comments, because a line within a literal or a block comment is never a directive.
    var tokenizer = SQLTokenizer(text)
    while tokenizer.next() != nil {}
    if let start = tokenizer.unclosed {
      let line = 1 + text.utf8.prefix(start).count { $0 == UInt8(ascii: "\n") }
      faults = [
        MigrationError(.sql, file: file, line: line, "a literal or comment begins here and never ends")
      ]
      return
    }
    faults += ForeignMarker.faults(in: text, at: tokenizer.lineComments, file: file, of: tool)
    let comments = Set(tokenizer.lineComments)
    var offset = 0
    var number = 0
    // The text is split as bytes, because CR LF is a single `Character`.
    for bytes in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      let line = Substring(bytes)
      number += 1
      let start = line.firstIndex(of: "-").map { line.utf8.distance(from: line.startIndex, to: $0) } ?? 0
      if comments.contains(offset + start), let (word, rest) = Self.directive(line) {
        noting { parser throws(MigrationError) in try parser.apply(word, rest, number) }
        if !sql.isEmpty { sql += "\n" }
      } else if sql.isEmpty, line.allSatisfy(\.isWhitespace) {
        sqlLine = number + 1
      } else {
        if sql.isEmpty { sqlLine = number }
        sql += line + "\n"
      }
      offset += line.utf8.count + 1
    }
    noting { parser throws(MigrationError) in try parser.finishStep() }
  }

  /// Runs one part of the parser. After an error, parsing continues, to find further errors.
  private mutating func noting(_ body: (inout MigrationParser) throws(MigrationError) -> Void) {
    do { try body(&self) } catch { faults.append(error) }
  }

  /// Splits `-- @word rest`; nil if the line has another form.
  private static func directive(_ line: Substring) -> (word: String, rest: String)? {
    let body = line.drop { $0.isWhitespace || $0 == "\u{feff}" }
    guard body.hasPrefix("--") else { return nil }
    let comment = body.dropFirst(2).drop(while: \.isWhitespace)
    guard comment.hasPrefix("@") else { return nil }
    let word = comment.dropFirst().prefix { !$0.isWhitespace }
    return (String(word), comment.dropFirst(word.count + 1).trimmed)
  }

  private mutating func apply(_ word: String, _ rest: String, _ line: Int) throws(MigrationError) {
    guard SQLScript(sql).isComplete else {
      throw error(line, "@\(word) stands within a statement: end the statement with a semicolon")
    }
    switch word {
    case "when", "unless", "always":
      guard expectations.isEmpty else { throw error(line, "a step can't follow @expect") }
      if hasStatements || word == "always" { try finishStep() }
      if when.isEmpty, unless.isEmpty { stepLine = line }
      if word == "when" { when.append(try condition(rest, line)) }
      if word == "unless" { unless.append(try condition(rest, line)) }
      if word == "always", !rest.isEmpty { throw error(line, "@always takes no condition") }
    case "require":
      guard steps.isEmpty, !hasStatements, when.isEmpty, unless.isEmpty else {
        throw error(line, "@require belongs before the first step")
      }
      let parts = rest.split(separator: " : ", maxSplits: 1)
      guard let first = parts.first else { throw error(line, "@require takes a condition") }
      let message = parts.count == 2 ? parts[1].trimmed : nil
      requirements.append(.init(condition: try condition(first.trimmed, line), line: line, message: message))
    case "expect":
      try finishStep()
      expectations.append(.init(condition: try condition(rest, line), line: line, message: nil))
    case "todo":
      throw error(line, "nobody has written this migration yet: replace this line with its statements")
    default:
      if let directive = Declarations.directives.first(where: { $0.word == word }) {
        do throws(Declarations.Fault) {
          return try directive.read(&declarations, rest)
        } catch {
          throw self.error(line, error.message)
        }
      }
      let hint =
        Suggestion.nearest(to: String(word), in: Self.directives).map { "; did you mean @\($0)?" }
        ?? "; there are @\(Self.directives.joined(separator: ", @"))"
      throw error(line, "unknown directive @\(word)\(hint)")
    }
  }

  private func condition(_ text: String, _ line: Int) throws(MigrationError) -> Condition {
    if let condition = Condition(text) { return condition }
    if text.split(whereSeparator: \.isWhitespace).first == "query" {
      throw error(
        line,
        "'\(text)' is no condition: a query is one SELECT, VALUES or WITH … SELECT, without parameters")
    }
    throw error(
      line,
      "'\(text)' is no condition; there are: table T, column T.C, index I, trigger X, view V, "
        + "foreign key T.C [on delete …], query SELECT …")
  }

  private var hasStatements: Bool { SQLTokenizer(sql).contains { _ in true } }

  private mutating func finishStep() throws(MigrationError) {
    defer {
      when = []
      unless = []
      sql = ""
    }
    let statements = SQLScript(sql, firstLine: sqlLine).statements
    guard let first = statements.first else {
      guard when.isEmpty, unless.isEmpty else { throw error(stepLine, "this condition has no statement") }
      return
    }
    guard expectations.isEmpty else { throw error(first.line, "a step can't follow @expect") }
    let line = when.isEmpty && unless.isEmpty ? first.line : stepLine
    steps.append(Migration.Step(when: when, unless: unless, statements: statements, line: line))
  }

  private func error(_ line: Int, _ message: String) -> MigrationError {
    MigrationError(.directive, file: file, line: line, message)
  }
}
