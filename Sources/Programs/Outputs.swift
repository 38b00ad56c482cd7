internal import Synchronization

/// Collects a program's output while it runs.
final class Outputs: Sendable {
  /// Thrown to stop a program that writes more than permitted.
  struct TooLong: Error {}

  let keeping: Program.Keeping
  private let kept = Mutex((output: [UInt8](), errors: [UInt8]()))
  private static let longestErrors = 1 << 16

  init(_ keeping: Program.Keeping) { self.keeping = keeping }

  /// Whether standard output and standard error are combined.
  var areJoined: Bool {
    if case .last = keeping { true } else { false }
  }

  var output: [UInt8] {
    let output = kept.withLock { $0.output }
    if case .last(let count) = keeping { return output.suffix(count) }
    return output
  }

  var errors: [UInt8] { kept.withLock { $0.errors.suffix(Self.longestErrors) } }

  func add(output bytes: [UInt8]) throws(TooLong) {
    let isTooLong = kept.withLock { kept in
      kept.output += bytes
      switch keeping {
      case .last(let count): Self.trim(&kept.output, to: count)
      case .everything(let limit): return kept.output.count > limit
      }
      return false
    }
    if isTooLong { throw TooLong() }
  }

  func add(errors bytes: [UInt8]) {
    kept.withLock {
      $0.errors += bytes
      Self.trim(&$0.errors, to: Self.longestErrors)
    }
  }

  /// Removes the beginning, but only after twice `count` bytes, so that each byte is moved at most twice.
  private static func trim(_ bytes: inout [UInt8], to count: Int) {
    if bytes.count > 2 * count { bytes.removeFirst(bytes.count - count) }
  }
}
