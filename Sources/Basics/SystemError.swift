internal import Glibc
public import SystemPackage

/// A failed system call, with its path and its error number.
public struct SystemError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The system call, such as `open`.
  public let call: String
  /// The file or folder that the call was for.
  public let path: String
  /// The call's error number.
  public let code: Errno

  /// Creates an error. By default, `code` is that of the calling thread's last failed call.
  public init(call: String, path: String, code: Errno = .last) {
    self.call = call
    self.path = path
    self.code = code
  }

  /// The system's message for the error number.
  public var text: String { "\(code)" }

  /// One sentence for the user.
  public var description: String { "\(path): \(call): \(text)" }

  /// Calls `body`, and reports its errors as errors of `call` for `path`.
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

  /// Performs a call, and repeats it while signals interrupt it.
  ///
  /// - Returns: the result of the call, which is not negative.
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
