internal import Glibc
internal import SystemPackage

/// A text that must not be seen: a token, a signing key.
///
/// It is hidden from `print`, string interpolation, `dump` and every other reflection. Only `revealedValue` shows
/// it, so that each place which needs it can be found by that name.
public struct Secret: Sendable, Hashable {
  /// The text itself, for the one place that sends it or computes with it.
  public let revealedValue: String

  /// Wraps `value`.
  ///
  /// - Throws: `SecretError` when it is empty or has a control character, which could start another HTTP header.
  public init(_ value: String) throws(SecretError) {
    try self.init(value, from: .value)
  }

  /// Wraps a text that is not checked yet, so that it stays hidden until the one who uses it makes a checked one of it.
  public init(unchecked value: String) { revealedValue = value }

  /// Reads a secret from an environment variable.
  ///
  /// - Parameters:
  ///   - name: The variable's name.
  ///   - lookup: Where variables are looked up; the process's own environment unless told otherwise.
  /// - Returns: The secret.
  /// - Throws: `SecretError` when it is unset, empty, or has a control character.
  public static func environment(
    _ name: String, lookup: (String) -> String? = processEnvironment
  ) throws(SecretError) -> Secret {
    guard let value = lookup(name) else { throw SecretError(code: .missing, source: .environment(name)) }
    return try Secret(value, from: .environment(name))
  }

  /// The value of a variable of this process's environment.
  public static func processEnvironment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }

  /// Reads a secret from a file, without the line ends at its end.
  ///
  /// - Throws: `SecretError` when it can't be read, isn't UTF-8, is longer than 64 KiB, is empty, or has a control
  ///   character.
  public static func file(_ path: String) throws(SecretError) -> Secret {
    let source = SecretError.Source.file(path)
    var bytes: [UInt8]
    do {
      bytes = try OpenFile(reading: path).readAll(limit: sizeLimit + 1)
    } catch {
      throw SecretError(
        code: error.code == .noSuchFileOrDirectory ? .missing : .unreadable, source: source, cause: error)
    }
    guard bytes.count <= sizeLimit else { throw SecretError(code: .tooLong, source: source) }
    while bytes.last == UInt8(ascii: "\n") || bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
    guard let value = String(validating: bytes, as: UTF8.self) else {
      throw SecretError(code: .notText, source: source)
    }
    return try Secret(value, from: source)
  }

  private static let sizeLimit = 64 * 1024

  private init(_ value: String, from source: SecretError.Source) throws(SecretError) {
    guard !value.isEmpty else { throw SecretError(code: .empty, source: source) }
    guard value.utf8.count <= Self.sizeLimit else { throw SecretError(code: .tooLong, source: source) }
    guard !value.hasControlCharacter else { throw SecretError(code: .controlCharacter, source: source) }
    revealedValue = value
  }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Says that there is a secret, and nothing of it.
  public var description: String { "(secret)" }
  /// Says that there is a secret, and nothing of it.
  public var debugDescription: String { description }
  /// Has no children, so that `dump` shows nothing.
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}
