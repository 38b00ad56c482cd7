public import Migrations

/// What a database says to the questions of its pending migrations.
///
/// ```swift
/// let answers = worker.ask("/srv/app.db")
/// for (question, count) in answers.findings { print("\(question.place): \(question.finding(count))") }
/// if let failure = answers.failure { print("not all could be asked: \(failure)") }
/// ```
///
/// Only an answer to each question, without a failure, says that the rows are fit for the migrations.
public struct DataAnswers: Hashable, Sendable, Codable {
  /// The questions.
  public var questions: [DataQuestion] = []
  /// The answer to each question: 0, or how many rows or values there are. Nil if it was not asked.
  public var counts: [Int?] = []
  /// The statements from which no question could be derived.
  public var unasked: [UnaskedStatement] = []
  /// Why not all questions were asked; nil if they were.
  public var failure: Failure?

  /// Creates answers without questions.
  public init() {}

  /// Creates the answer of a database that could not be asked.
  public init(_ failure: Failure) { self.failure = failure }

  /// The questions that found something, with what they counted.
  public var findings: [(question: DataQuestion, count: Int)] {
    zip(questions, counts).compactMap { question, count in
      guard let count, count > 0 else { return nil }
      return (question, count)
    }
  }
}
