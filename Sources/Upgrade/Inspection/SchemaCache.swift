internal import SQLite
internal import Schema
internal import Synchronization

/// Schemas by the digest of their stored text: in a fleet most databases have one of a few.
///
/// Bounded by the number of schemas and of their objects, so that a fleet in which every schema is different, or one
/// with very large ones, costs time and not memory.
final class SchemaCache: Sendable {
  private struct Content {
    var schemas: [Fingerprint: Schema] = [:]
    var objects = 0
  }

  private let ignored: [IgnoreRule]
  private let limit = (schemas: 256, objects: 200_000)
  private let content = Mutex(Content())

  init(ignoring ignored: [IgnoreRule]) { self.ignored = ignored }

  /// The schema whose stored text has this digest, where it was read before.
  func known(_ digest: Fingerprint) -> Schema? { content.withLock { $0.schemas[digest] } }

  /// - Returns: the schema, and the digest of its text.
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
