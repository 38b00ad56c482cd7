internal import Migrations
internal import Schema

/// Finds how a database differs from the result of its recorded versions, and which migration each difference concerns.
struct DriftDetector {
  let set: MigrationSet
  let expectedSchema: ExpectedSchema
  let showsLayout: Bool

  /// All differences: first in the history, then the summaries of versions, then single objects, then the layout.
  func differences(in schema: Schema, _ history: History, _ plan: Plan) throws -> [Difference] {
    let found = HistoryDriftDetector(set: set, history: history, plan: plan).differences()
    // The effect of an unknown version on the schema is unknown too.
    guard !plan.isAhead else { return found }
    let expected = try expected(history)
    let differences = try attributed(expected.differences(in: schema), expected, schema, history)
    return found + differences + (showsLayout ? expected.layoutDifferences(in: schema) : [])
  }

  /// The expected schema of a history. Migrations with a gap between them may fail to run. In that case the gap is the
  /// problem, and the expected schema is the one without the gap.
  private func expected(_ history: History) throws -> Schema {
    do {
      return try expectedSchema.schema(of: history.versions)
    } catch {
      let versions = set.migrations.compactMap(\.version).filter { $0 <= history.version ?? 0 }
      guard versions != history.versions else { throw error }
      return try expectedSchema.schema(of: versions)
    }
  }

  /// Names the migration that each difference concerns, and adds a summary for each of these migrations.
  private func attributed(
    _ differences: [Difference], _ expected: Schema, _ actual: Schema, _ history: History
  ) throws -> [Difference] {
    guard !differences.isEmpty else { return [] }
    let work = DriftAttribution(
      changes: try expectedSchema.changesByVersion(), expected: expected, actual: actual, history: history)
    let objects = differences.map { difference in
      var difference = difference
      difference.version = work.version(of: difference)
      return difference
    }
    return Set(objects.compactMap(\.version)).sorted().map(work.summary) + objects
  }
}

/// Finds differences in the recorded versions alone, without the schema.
struct HistoryDriftDetector {
  let set: MigrationSet
  let history: History
  let plan: Plan

  func differences() -> [Difference] { ahead + gaps + late + renamed + changed }

  private var ahead: [Difference] {
    plan.unknown.map { version in
      Difference(
        kind: .historyAhead, object: "\(version)", expected: nil, actual: history.recorded?[version],
        version: version)
    }
  }

  private var gaps: [Difference] {
    let known = set.migrations.compactMap(\.version)
    guard let highest = known.last(where: { history.recorded?[$0] != nil }) else { return [] }
    return known.filter { $0 < highest && history.recorded?[$0] == nil }.map { version in
      Difference(
        kind: .historyGap, object: "\(version)", expected: set.name(of: version), actual: nil,
        version: version)
    }
  }

  private var late: [Difference] {
    let known = history.late.filter { !plan.unknown.contains($0.key) && !plan.unknown.contains($0.value) }
    return known.sorted { $0.key < $1.key }.map { version, higher in
      Difference(
        kind: .historyOutOfOrder, object: "\(version)", severity: .warning,
        expected: "before \(higher)", actual: "after \(higher)", version: version)
    }
  }

  private var renamed: [Difference] {
    plan.renamed.sorted { $0.key < $1.key }.map { version, name in
      Difference(
        kind: .migrationRenamed, object: "\(version)", expected: set.name(of: version), actual: name,
        version: version)
    }
  }

  /// Migrations whose recorded checksum is not that of their file.
  private var changed: [Difference] {
    let rules = set.historyTable.checksumRules
    let found = set.migrations.compactMap { migration -> Difference? in
      guard let version = migration.version, let recorded = history.checksums[version],
        let expected = set.historyTable.checksum(of: migration.text, migration), expected != recorded
      else { return nil }
      let lines = migration.text.replacing("\r\n", with: "\n")
      let sameLines = [lines, lines.replacing("\n", with: "\r\n")].contains {
        set.historyTable.checksum(of: $0, migration) == recorded
      }
      return Difference(
        kind: .migrationChanged, object: "\(version)",
        severity: sameLines && rules.toleratesLineEnds ? .warning : .error,
        expected: "the file \(migration.file)",
        actual: sameLines ? "the same file with other line ends" : "a file with other content",
        version: version)
    }
    // Where a checksum covers the files before it, those after the first changed one differ too.
    return rules.isCumulative ? Array(found.prefix(1)) : found
  }
}
