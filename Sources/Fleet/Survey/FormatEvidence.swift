internal import Basics
internal import Migrations
internal import Schema

/// Settles the format of migrations by the histories that the databases have.
struct FormatEvidence {
  /// A set for each format that is possible by the files.
  let sets: [MigrationSet]
  /// Whether the files themselves leave no doubt about the format.
  let isCertain: Bool
  /// What the databases record, with the tables of `sets`.
  let looks: [DatabaseLook]
  /// The folder, for messages.
  let folder: String

  /// The set under whose format the databases have their histories.
  ///
  /// - Returns: the set; nil if none of the formats reads a history, but some database has one.
  /// - Throws: `SurveyError` if there are histories of several formats, or none and several formats are possible.
  func settled() throws(SurveyError) -> MigrationSet? {
    let winners = winners
    if winners.count == 1 { return winners[0].set }
    guard winners.isEmpty else {
      let list = winners.map { "\($0.count) of \($0.set.files.format.name)" }.joined(separator: ", ")
      throw SurveyError(
        "the databases have histories of several formats (\(list)), and a fleet has one: name those of one format, or "
          + "the format with --format")
    }
    if looks.contains(where: { $0.foreign != nil }) { return nil }
    if isCertain || sets.count == 1 || sets[0].files.format.name == MigrationFormats.standard.name {
      return sets[0]
    }
    let names = sets.map(\.files.format.name)
    throw SurveyError(
      "\(folder): these files could be for \(names.joined(separator: " or ")), and no database tells which: say it "
        + "with --format \(names[0]), or name a database that the application has migrated")
  }

  /// The sets under whose formats databases have their histories, and how many databases those are.
  var winners: [(set: MigrationSet, count: Int)] {
    sets.indices.map { index in (sets[index], looks.count { reads($0, index) }) }.filter { $0.1 > 0 }
  }

  /// Whether the database has a history of the format. A number that is no version of these files is none.
  private func reads(_ look: DatabaseLook, _ index: Int) -> Bool {
    guard look.histories.indices.contains(index), let version = look.histories[index].version else {
      return false
    }
    return !sets[index].historyTable.name.isEmpty || sets[index].name(of: version) != nil
  }

  /// The table of the application's own in which the databases record the migrations; nil if there is none, or if
  /// they differ.
  var custom: CustomTable? {
    let found = looks.compactMap(\.custom)
    let tables = Set(found.map(\.table))
    // One row could as well be the number of the last migration alone.
    guard let table = tables.first, tables.count == 1, found.contains(where: { $0.count > 1 }) else {
      return nil
    }
    return table
  }
}
