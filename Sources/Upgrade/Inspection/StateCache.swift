internal import Migrations
internal import Schema
internal import Synchronization

/// Caches what is judged of a database, by everything that determines it: the recorded versions with their names and
/// order, and the digest of the schema's stored text. Ten thousand identical installations are judged once.
///
/// The size is limited, as in `SchemaCache`.
final class StateCache: Sendable {
  private struct Content {
    /// Databases with one schema differ in few histories, which are compared without the lock.
    var states: [Fingerprint: [Inspector.State]] = [:]
    var count = 0
    var judged = 0
  }

  private let limit = 256
  private let content = Mutex(Content())

  /// How often a state was judged.
  var judged: Int { content.withLock { $0.judged } }

  func state(
    of digest: Fingerprint, _ history: History, _ judge: () throws -> Inspector.State
  ) throws -> Inspector.State {
    let candidates = content.withLock { $0.states[digest] }
    if let known = candidates?.first(where: { $0.history == history }) { return known }
    let state = try judge()
    content.withLock { content in
      if content.count >= limit { (content.states, content.count) = ([:], 0) }
      content.states[digest, default: []].append(state)
      content.count += 1
      content.judged += 1
    }
    return state
  }
}
