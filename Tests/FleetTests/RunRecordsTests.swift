import SQLite
import TestSupport
import Testing
import Upgrade

@testable import Fleet

@Suite struct RunRecordsTests {
  private let folder: TemporaryFolder
  private let journal: Journal
  private let run = RunID.make()

  init() throws {
    folder = try TemporaryFolder()
    let state = StateFolder(folder.file("state"))
    try state.create()
    journal = try Journal(state)
    try journal.begin(run, command: "migrate", fleet: "f", at: "2026-01-28T09:30:00Z")
  }

  /// Changes the journal's file beside the journal.
  private func change(_ sql: String) throws {
    try journal.check()
    let database = try Connection(path: journal.path, access: .readWrite)
    defer { database.close() }
    try database.execute(sql)
  }

  private func all(_ records: RunRecords) throws -> [String] {
    var all: [String] = []
    try records.forEach { all.append($0) }
    return all
  }

  @Test func `records outlive a journal that fails, those that it has and those that it doesn't`() throws {
    let records = RunRecords(journal, run, count: 2600)
    for place in 0..<2500 { records.note(place, "i\(place)", .migrated, "\(place)") }
    try change(
      "CREATE TRIGGER full BEFORE INSERT ON outcomes WHEN NEW.place >= 2500 OR NEW.status = 'failed' "
        + "BEGIN SELECT RAISE(ABORT, 'no room'); END")
    for place in 2500..<2600 { records.note(place, "i\(place)", .migrated, "\(place)") }
    records.note(3, "i3", .failed, "3 again")
    #expect(throws: StateError.self) { try journal.check() }
    #expect(records.hasFailed)
    var expected = (0..<2600).map { "\($0)" }
    expected[3] = "3 again"
    #expect(try all(records) == expected)
  }

  @Test func `a record that is lost is no report without it`() throws {
    let records = RunRecords(journal, run, count: 1100)
    for place in 0..<1100 { records.note(place, "i\(place)", .migrated, "\(place)") }
    try change("DELETE FROM outcomes WHERE place = 5")
    try change(
      "CREATE TRIGGER full BEFORE UPDATE ON outcomes BEGIN SELECT RAISE(ABORT, 'no room'); END")
    records.note(7, "i7", .failed, "7 again")
    let error = try #require(throws: StateError.self) { try all(records) }
    #expect(error.description.contains("it knows those of 1099 of 1100 installations"), "\(error)")
  }
}
