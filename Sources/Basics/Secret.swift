internal import Glibc
internal import SystemPackage

/// A text that must stay hidden, such as a token or a signing key.
///
/// `print`, string interpolation, `dump` and other reflection don't show it. Only `revealedValue` does, so every use
/// can be found by that name.
public struct Secret: Sendable, Hashable {
  /// The text itself, for code that sends it or computes with it.
  public let revealedValue: String

  /// Wraps a text.
  ///
  /// - Throws: `SecretError` if it is empty, is longer than 64 KiB, or has a control character, which could begin
  ///   another HTTP header.
  public init(_ value: String) throws(SecretError) {
    try self.init(value, from: .value)
  }

  /// Wraps a text without validating it, so that it stays hidden until a validated secret is made of it.
  public init(unchecked value: String) { revealedValue = value }

  /// Reads a secret from an environment variable.
  ///
  /// - Parameters:
  ///   - name: the variable's name.
  ///   - lookup: returns the value of a variable; by default from the process's environment.
  /// - Returns: the secret.
  /// - Throws: `SecretError` if the variable is unset or empty, is longer than 64 KiB, or has a control character.
  public static func environment(
    _ name: String, lookup: (String) -> String? = processEnvironment
  ) throws(SecretError) -> Secret {
    guard let value = lookup(name) else { throw SecretError(code: .missing, source: .environment(name)) }
    return try Secret(value, from: .environment(name))
  }

  /// The value of a variable in this process's environment; nil if it is unset.
  public static func processEnvironment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }

  /// Reads a secret from a file, without trailing line breaks.
  ///
  /// - Throws: `SecretError` if the file can't be read, isn't UTF-8, is longer than 64 KiB, is empty, or has a control
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
  /// Says only that there is a secret.
  public var description: String { "(secret)" }
  /// Says only that there is a secret.
  public var debugDescription: String { description }
  /// A mirror without children, so that `dump` shows nothing.
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}
