/// Why no fleet file can be written for an application, and what to do about it.
public struct SurveyError: Error, Sendable, CustomStringConvertible {
  /// One sentence or two without a full stop at the end.
  public let description: String

  /// Creates an error.
  public init(_ description: String) { self.description = description }
}
