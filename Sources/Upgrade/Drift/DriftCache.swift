internal import Migrations
internal import Schema
internal import Synchronization

/// What was judged already, by all that a judgement rests on: the recorded versions with their names and order, and
/// the digest of the schema's stored text. Ten thousand installations that drifted in one way are judged once.
///
/// Bounded, as `SchemaCache` is.
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

  /// How often something had to be judged.
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
