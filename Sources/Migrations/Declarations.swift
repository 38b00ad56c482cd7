internal import SQLite

/// What a migration file declares of itself, in directives that belong to no step: `@deletes`, `@changes`,
/// `@transaction`.
///
/// To add one, add its value and its line in `directives` here, and obey it where the value matters. A ``Migration`` has
/// the values as members.
public struct Declarations: Sendable, Hashable {
  /// The tables from which rows may be deleted, in lower case.
  public private(set) var deletes: Set<String> = []
  /// What may happen to columns that would otherwise be taken for a mistake: `table.column`, `table.*`, and
  /// `sqlite_sequence.table` for numbers that AUTOINCREMENT may give again; in lower case.
  public private(set) var changes: Set<String> = []
  /// Whether the migration runs outside a transaction.
  public private(set) var runsOutsideTransaction = false

  /// A file that declares nothing.
  public init() {}

  /// Why a declaration can't be read.
  struct Fault: Error {
    let message: String
  }

  /// The directives by their words, each with what reads the rest of its line.
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
    ]

  /// Names between commas, in lower case.
  private static func names(in text: String) -> [String] {
    text.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmed.folded }
  }

  private static func isColumn(_ name: String) -> Bool {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 2 && !parts.contains("")
  }
}
