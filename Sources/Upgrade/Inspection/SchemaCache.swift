internal import SQLite
internal import Schema
internal import Synchronization

/// Caches schemas by the digest of their stored text. In most fleets, few different schemas exist.
///
/// The number of schemas and of their objects is limited. A fleet with very many or very large schemas therefore costs
/// time but not memory.
final class SchemaCache: Sendable {
  private struct Content {
    var schemas: [Fingerprint: Schema] = [:]
    var objects = 0
  }

  private let ignored: [IgnoreRule]
  private let limit = (schemas: 256, objects: 200_000)
  private let content = Mutex(Content())

  init(ignoring ignored: [IgnoreRule]) { self.ignored = ignored }

  /// The cached schema whose stored text has this digest; nil if it wasn't read before.
  func known(_ digest: Fingerprint) -> Schema? { content.withLock { $0.schemas[digest] } }

  /// - Returns: the schema, and the digest of its stored text.
  func schema(of database: Connection) throws(SQLiteError) -> (Schema, Fingerprint) {
    let digest = try Schema.rawDigest(of: database)
    if let known = known(digest) { return (known, digest) }
    let schema = try Schema(reading: database, ignoring: ignored)
    content.withLock { content in
      if content.schemas.count >= limit.schemas || content.objects + schema.count > limit.objects {
        content = Content()
      }
      if content.schemas.updateValue(schema, forKey: digest) == nil { content.objects += schema.count }
    }
    return (schema, digest)
  }
}
