internal import SQLite

/// What a migration file declares about itself, in directives that belong to no step: `@deletes`, `@changes`,
/// `@transaction`, `@allow`.
///
/// To add a directive, add its value and its line in `directives` here, and obey it where the value matters. The values
/// are also members of ``Migration``.
public struct Declarations: Sendable, Hashable {
  /// The tables that may lose rows, in lower case.
  public private(set) var deletes: Set<String> = []
  /// The intended changes that would otherwise count as mistakes, in lower case: `table.column`, `table.*`, and
  /// `sqlite_sequence.table` for numbers that AUTOINCREMENT may give again.
  public private(set) var changes: Set<String> = []
  /// Whether the migration runs outside a transaction.
  public private(set) var runsOutsideTransaction = false

  /// Whether the file may hold no statement, of which lint would warn otherwise.
  public private(set) var allowsEmpty = false

  /// Creates the declarations of a file that has none.
  public init() {}

  /// Adds tables that may lose rows, as fleet.yml says.
  mutating func allowLosses(of tables: [String]) { deletes.formUnion(tables.map { $0.trimmed.folded }) }

  /// Adds intended changes of content, as fleet.yml says.
  mutating func allowChanges(of columns: [String]) { changes.formUnion(columns.map { $0.trimmed.folded }) }

  /// Declares that the migration can't run in a transaction, as the marker of another tool says.
  mutating func runOutsideTransaction() { runsOutsideTransaction = true }

  /// Why a declaration can't be parsed.
  struct Fault: Error {
    let message: String
  }

  /// The directives by name, each with a function that parses the rest of its line.
  static let directives:
    [(word: String, read: @Sendable (inout Declarations, String) throws(Fault) -> Void)] = [
      (
        "deletes",
        { (file, rest) throws(Fault) in
          let tables = names(in: rest)
          guard !tables.contains("") else { throw Fault(message: "@deletes takes names of tables") }
          file.deletes.formUnion(tables)
        }
      ),
      (
        "changes",
        { (file, rest) throws(Fault) in
          let columns = names(in: rest)
          guard columns.allSatisfy(isColumn) else {
            throw Fault(message: "@changes takes columns, such as users.note, or users.* for all of a table")
          }
          file.changes.formUnion(columns)
        }
      ),
      (
        "transaction",
        { (file, rest) throws(Fault) in
          guard rest == "none" else { throw Fault(message: "@transaction takes only: none") }
          file.runsOutsideTransaction = true
        }
      ),
      (
        "allow",
        { (file, rest) throws(Fault) in
          guard rest == "empty" else { throw Fault(message: "@allow takes only: empty") }
          file.allowsEmpty = true
        }
      ),
    ]

  /// The comma-separated names in a text, in lower case.
  static func names(in text: String) -> [String] {
    text.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmed.folded }
  }

  /// Whether a name has the form `table.column`.
  static func isColumn(_ name: String) -> Bool {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 2 && !parts.contains("")
  }
}
