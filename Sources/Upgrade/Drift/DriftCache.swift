internal import Migrations
internal import Schema
internal import Synchronization

/// Caches detected drift by everything that determines it: the recorded versions with their names and order, and the
/// digest of the schema's stored text. The drift of ten thousand identical installations is computed once.
///
/// The size is limited, as in `SchemaCache`.
final class DriftCache: Sendable {
  private struct Key: Hashable {
    let digest: Fingerprint
    let history: History
  }

  private struct Content {
    var drift: [Key: [Difference]] = [:]
    var judged = 0
  }

  private let limit = 256
  private let content = Mutex(Content())

  /// How often drift was computed.
  var judged: Int { content.withLock { $0.judged } }

  func drift(
    of digest: Fingerprint, _ history: History, _ judge: () throws -> [Difference]
  ) throws -> [Difference] {
    let key = Key(digest: digest, history: history)
    if let known = content.withLock({ $0.drift[key] }) { return known }
    let drift = try judge()
    content.withLock { content in
      if content.drift.count >= limit { content.drift = [:] }
      content.drift[key] = drift
      content.judged += 1
    }
    return drift
  }
}
