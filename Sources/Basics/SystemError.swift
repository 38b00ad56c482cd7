internal import Glibc
public import SystemPackage

/// A failed system call: what was tried on what, and why it failed.
public struct SystemError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The system call, such as `open`.
  public let call: String
  /// The file or folder that it was tried on.
  public let path: String
  /// The error number of the call.
  public let code: Errno

  /// Makes an error; `code` is that of the calling thread's last failed call unless it is given.
  public init(call: String, path: String, code: Errno = .last) {
    self.call = call
    self.path = path
    self.code = code
  }

  /// The system's words for the error number.
  public var text: String { "\(code)" }

  /// One sentence for the user.
  public var description: String { "\(path): \(call): \(text)" }

  /// Calls `body`, whose errors are those of `call` on `path`.
  static func reporting<Result>(
    _ call: String, _ path: String, _ body: () throws -> Result
  ) throws(SystemError) -> Result {
    do {
      return try body()
    } catch let code as Errno {
      throw SystemError(call: call, path: path, code: code)
    } catch {
      preconditionFailure("swift-system throws Errno alone, not \(error)")
    }
  }

  /// Repeats a call that a signal interrupts.
  ///
  /// - Returns: what the call returned, which is not negative.
  @discardableResult
  static func checking<Result: SignedInteger>(
    _ call: String, _ path: String, _ result: () -> Result
  ) throws(SystemError) -> Result {
    while true {
      let value = result()
      if value >= 0 { return value }
      let code = Errno.last
      guard code == .interrupted else { throw SystemError(call: call, path: path, code: code) }
    }
  }
}

extension Errno {
  /// The error number of the calling thread's last failed call.
  public static var last: Errno { Errno(rawValue: errno) }
}
