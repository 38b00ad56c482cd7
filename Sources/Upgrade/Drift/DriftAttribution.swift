internal import Migrations
internal import SQLite
internal import Schema

/// Compares the migrations whose work is present with the migrations that are recorded, to attribute drift to versions.
struct DriftAttribution {
  private struct Place: Hashable {
    let kind: Schema.Kind
    let name: String
  }

  private let changes: [MigrationVersion: [Schema.Change]]
  /// The changes to each object, in order of the versions.
  private let places: [Place: [(version: MigrationVersion, change: Schema.Change)]]
  private let expected: Schema
  private let actual: Schema
  private let history: History

  init(changes: [MigrationVersion: [Schema.Change]], expected: Schema, actual: Schema, history: History) {
    self.changes = changes
    self.expected = expected
    self.actual = actual
    self.history = history
    var places: [Place: [(version: MigrationVersion, change: Schema.Change)]] = [:]
    for (version, list) in changes.sorted(by: { $0.key < $1.key }) {
      for change in list {
        places[Place(kind: change.kind, name: change.name.folded), default: []].append((version, change))
      }
    }
    self.places = places
  }

  /// The recorded migration without which the object would be as it is, or the unrecorded migration that explains it;
  /// nil if there is none.
  func version(of difference: Difference) -> MigrationVersion? {
    guard let kind = difference.objectKind else { return nil }
    let done = places[Place(kind: kind, name: difference.object.folded)] ?? []
    let wanted = expected.object(kind, difference.object)?.definition
    let found = actual.object(kind, difference.object)?.definition
    if let last = done.last(where: { isRecorded($0.version) }), last.change.after == wanted,
      last.change.before == found
    {
      return last.version
    }
    return done.first { version, change in
      guard !isRecorded(version), change.before == wanted else { return false }
      return change.after == found || (wanted == nil && change.after != nil)
    }?.version
  }

  /// Summarizes the differences of one version: `actual` lists the parts of the migration that are present, and
  /// `expected` the parts that are missing.
  func summary(of version: MigrationVersion) -> Difference {
    let list = changes[version] ?? []
    let (done, undone) = (list.filter(isDone), list.filter { !isDone($0) })
    return Difference(
      kind: isRecorded(version) ? .recordedNotPresent : .presentNotRecorded, object: "\(version)",
      expected: Self.listed(undone), actual: Self.listed(done), version: version)
  }

  private func isRecorded(_ version: MigrationVersion) -> Bool { history.recorded?[version] != nil }

  /// Whether the change is present. A new object counts as present if its name exists, whatever its definition.
  private func isDone(_ change: Schema.Change) -> Bool {
    let found = actual.object(change.kind, change.name)?.definition
    return found == change.after || (change.before == nil && found != nil)
  }

  /// Lists the changes. A whole table or view represents everything that belongs to it.
  private static func listed(_ changes: [Schema.Change]) -> String? {
    let wholes = changes.filter { change in
      (change.kind == .table || change.kind == .view) && (change.before == nil || change.after == nil)
    }
    let tables = Set(wholes.map(\.table))
    let kinds: [Schema.Kind] = [.table, .view, .column, .foreignKey, .unique, .check, .index, .trigger]
    let rest = kinds.flatMap { kind in
      changes.filter { $0.kind == kind && (!tables.contains($0.table) || wholes.contains($0)) }
    }
    guard !rest.isEmpty else { return nil }
    return rest.map { change in
      "\(change.after == nil ? "no " : "")\(change.kind.words) \(change.name)"
    }.joined(separator: ", ")
  }
}
