internal import SQLite
internal import Schema
internal import Synchronization

/// Schemas by the digest of their stored text: in a fleet most databases have one of a few.
///
/// Bounded, so that a fleet in which every schema is different costs time and not memory.
final class SchemaCache: Sendable {
  private let ignored: [IgnoreRule]
  private let limit = 256
  private let schemas = Mutex<[Fingerprint: Schema]>([:])

  init(ignoring ignored: [IgnoreRule]) { self.ignored = ignored }

  /// The schema whose stored text has this digest, where it was read before.
  func known(_ digest: Fingerprint) -> Schema? { schemas.withLock { $0[digest] } }

  /// - Returns: the schema, and the digest of its text.
  func schema(of database: Connection) throws(SQLiteError) -> (Schema, Fingerprint) {
    let digest = try Schema.rawDigest(of: database)
    if let known = known(digest) { return (known, digest) }
    let schema = try Schema(reading: database, ignoring: ignored)
    schemas.withLock { schemas in
      if schemas.count >= limit { schemas = [:] }
      schemas[digest] = schema
    }
    return (schema, digest)
  }
}
