internal import Basics

/// A query that decides, from the rows of a database, whether a pending statement will fail or lose something.
///
/// ```swift
/// let count = try database.scalar(question.sql)?.integer ?? 0
/// if count > 0 { print("\(question.place): \(question.finding(count))") }
/// ```
///
/// `MigrationSet.questions(for:of:by:)` derives the questions of a plan. See also ``UnaskedStatement``.
public struct DataQuestion: Hashable, Sendable, Codable {
  /// What happens if the answer isn't 0.
  public enum Effect: String, Sendable, Codable {
    /// The migration fails.
    case fails
    /// The migration would lose rows without declaring it, which is refused.
    case refused
    /// The migration succeeds, and something is lost.
    case loses
  }

  /// The file of the migration.
  public let file: String
  /// The line of the statement or of the `@require`.
  public let line: Int
  /// What an answer other than 0 means.
  public let effect: Effect
  /// What is counted, in the singular, such as `duplicate of users.email`; the whole finding if it isn't counted.
  public let noun: String
  /// What is counted, in the plural; empty if the finding isn't counted.
  public let nouns: String
  /// The query, which returns one number: 0 if all is well. Empty if the schema alone shows that the statement fails.
  public let sql: String
  /// Findings about the same rows: after one of them, the others are not asked. Nil if there are no others.
  public let topic: String?

  /// Creates a question.
  public init(
    file: String, line: Int, effect: Effect, noun: String, nouns: String, sql: String, topic: String? = nil
  ) {
    (self.file, self.line, self.effect) = (file, line, effect)
    (self.noun, self.nouns, self.sql, self.topic) = (noun, nouns, sql, topic)
  }

  /// `0012_unique_email.sql:3`
  public var place: String { "\(file):\(line)" }

  /// A finding in words, such as `2 duplicates of users.email`.
  public func finding(_ count: Int) -> String { nouns.isEmpty ? noun : counted(count, noun, nouns) }
}

/// A statement of a kind that can fail or lose something because of rows, of which no question could be derived.
public struct UnaskedStatement: Hashable, Sendable, Codable {
  /// The file of the migration.
  public let file: String
  /// The line of the statement.
  public let line: Int
  /// Why there is no question, for people.
  public let reason: String

  /// Creates a description of an unasked statement.
  public init(file: String, line: Int, reason: String) {
    (self.file, self.line, self.reason) = (file, line, reason)
  }

  /// `0013_rebuild.sql:1`
  public var place: String { "\(file):\(line)" }
}

/// The questions that a plan raises for databases with a certain schema.
public struct DerivedQuestions: Sendable {
  /// The conditions that decided which steps were considered: queries, and whether they must be true of a database for
  /// these questions to be its own.
  public internal(set) var conditions: [(sql: String, holds: Bool)] = []
  /// The questions, in the order of the statements.
  public internal(set) var questions: [DataQuestion] = []
  /// The statements without a question that would need one.
  public internal(set) var unasked: [UnaskedStatement] = []

  /// Creates an empty list.
  public init() {}
}
