/// The HTTP method of an upload.
public enum HTTPMethod: String, Sendable, CaseIterable {
  /// `POST`, for receivers of webhooks.
  case post = "POST"
  /// `PUT`, for object stores.
  case put = "PUT"
}
