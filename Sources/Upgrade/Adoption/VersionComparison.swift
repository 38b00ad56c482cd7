internal import Migrations
internal import SQLite
internal import Schema
internal import Synchronization

/// Compares the schemas of databases without a history with the schema of every version.
///
/// The history table doesn't count, since the databases don't have it. Equal schemas are compared once.
final class VersionComparison: Sendable {
  private let set: MigrationSet
  private let expectedSchema: ExpectedSchema
  private let limit = 256
  private let known = Mutex<[Fingerprint: Likeness]>([:])

  init(_ set: MigrationSet, _ expectedSchema: ExpectedSchema) {
    self.set = set
    self.expectedSchema = expectedSchema
  }

  /// Which versions a schema is like.
  ///
  /// - Throws: `MigrationFailure` if the migrations can't be replayed.
  func likeness(of schema: Schema) throws -> Likeness {
    if let likeness = known.withLock({ $0[schema.fingerprint] }) { return likeness }
    let likeness = try compare(schema)
    known.withLock { known in
      if known.count >= limit { known = [:] }
      known[schema.fingerprint] = likeness
    }
    return likeness
  }

  /// How a schema differs from that of a version.
  ///
  /// - Throws: `MigrationFailure` if the migrations can't be replayed.
  func differences(of schema: Schema, from version: MigrationVersion) throws -> [Difference] {
    let versions = set.migrations.compactMap(\.version).filter { $0 <= version }
    return try expectedSchema.schema(of: versions).differences(in: schema).filter { difference in
      difference.kind != .missing(.table) || difference.object.folded != set.historyTable.name
    }
  }

  /// One version, and how many objects of its schema differ from the one that is compared.
  private struct Distance {
    let version: MigrationVersion
    let objects: Int
    /// How many objects the version's migration changes.
    let changes: Int
  }

  private func compare(_ schema: Schema) throws -> Likeness {
    let distances = try distances(to: schema)
    let equal = distances.filter { $0.objects == 0 }
    if !equal.isEmpty {
      let unchanging = equal.dropFirst().filter { $0.changes == 0 }
      return .equal(equal.map(\.version), unchanging: unchanging.map(\.version))
    }
    for (one, next) in zip(distances, distances.dropFirst()) where one.objects + next.objects == next.changes
    {
      // Each object that the migration changes is as before or as after it, and all others are as in both versions.
      return .between(one.version, next.version)
    }
    return .unlike(nearest: distances.min { $0.objects < $1.objects }?.version ?? .zero)
  }

  /// The distances to all versions, found by following the changes from version to version.
  private func distances(to schema: Schema) throws -> [Distance] {
    let evolution = try expectedSchema.evolution()
    let counts = { (change: Schema.Change) in change.table != self.set.historyTable.name }
    var objects = evolution.start.changes(to: schema).count(where: counts)
    var distances = [Distance(version: .zero, objects: objects, changes: 0)]
    for step in evolution.steps {
      let changes = step.changes.filter(counts)
      for change in changes {
        let found = schema.object(change.kind, change.name)?.definition
        if found == change.before { objects += 1 } else if found == change.after { objects -= 1 }
      }
      distances.append(Distance(version: step.version, objects: objects, changes: changes.count))
    }
    return distances
  }
}
