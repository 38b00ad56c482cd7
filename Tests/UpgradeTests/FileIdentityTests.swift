import BenchSupport
import Foundation
import Glibc
import Migrations
import SQLite
import TestSupport
import Testing
import Upgrade

/// A path may lead to another file from one moment to the next, and a file may have several names.
@Suite struct FileIdentityTests {
  /// Two databases in folders of their own, and a bench whose path leads to the first through a link.
  private func linked() throws -> (bench: Bench, link: String, other: String) {
    let bench = try Bench()
    try bench.migration("0002_add_age.sql", "ALTER TABLE parents ADD COLUMN age INTEGER;")
    for folder in ["one", "two"] {
      try FileManager.default.createDirectory(
        atPath: bench.folder.file(folder), withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: bench.path, toPath: bench.folder.file("\(folder)/db.sqlite"))
    }
    try Bench.change(bench.folder.file("two/db.sqlite"), "UPDATE parents SET name = 'other' || id")
    let link = bench.folder.file("link")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "one")
    return (bench, link, bench.folder.file("two/db.sqlite"))
  }

  @Test(arguments: [BackupCheck.quick, .full])
  func `a link that is switched before the copy is made does not lead it to another database`(
    check: BackupCheck
  ) throws {
    let (bench, link, _) = try linked()
    bench.options.check = check
    bench.control.began = { _, step in
      guard step == .backUp else { return }
      // As a deployment does it: a new link takes the place of the old one.
      _ = symlink("two", link + ".new")
      _ = rename(link + ".new", link)
    }
    let outcome = try bench.worker().upgrade("\(link)/db.sqlite", backup: bench.backupPath)
    #expect(outcome.status == .migrated, "\(outcome.failure?.description ?? "")")
    let names = try IndependentReader.rows("SELECT name FROM parents ORDER BY id", at: bench.backupPath)
    #expect(names == ["one", "two", "three"])
    let columns = "SELECT count(*) FROM pragma_table_info('parents')"
    #expect(try IndependentReader.rows(columns, at: bench.folder.file("one/db.sqlite")) == ["3"])
    #expect(try IndependentReader.rows(columns, at: bench.folder.file("two/db.sqlite")) == ["2"])
  }

  @Test func `a file that is replaced while it is opened is left alone`() throws {
    let (bench, link, other) = try linked()
    let first = bench.folder.file("one/db.sqlite")
    bench.control.began = { _, step in
      guard step == .lock else { return }
      _ = rename(other, first)
    }
    let outcome = try bench.worker().upgrade("\(link)/db.sqlite", backup: bench.backupPath)
    #expect(outcome.failure?.code == .switched, "\(outcome.failure?.description ?? "")")
    #expect(outcome.isUnchanged)
    #expect(!bench.exists("backup.sqlite"))
    let names = try IndependentReader.rows(
      "SELECT name FROM parents ORDER BY id", at: bench.folder.file("one/db.sqlite"))
    #expect(names == ["other1", "other2", "other3"])
  }

  @Test(arguments: ["DELETE", "WAL"], [false, true])
  func `a database with two names is refused, in WAL mode always`(mode: String, accepted: Bool) throws {
    let bench = try Bench(settings: "PRAGMA journal_mode=\(mode);")
    try bench.migration("0002_add_age.sql", "ALTER TABLE parents ADD COLUMN age INTEGER;")
    #expect(link(bench.path, bench.folder.file("other.sqlite")) == 0)
    bench.options.hardLinks = accepted
    bench.options.preflight = true
    let worker = try bench.worker()
    let bytes = try Content.bytes(bench.path)
    let isRefused = mode == "WAL" || !accepted
    let planned = worker.inspect(bench.path)
    #expect(planned.failure?.code == (isRefused ? .hardLink : nil))
    if isRefused {
      #expect(planned.failure?.message.contains("2 names") == true)
      let attempts = [
        worker.upgrade(bench.path, backup: bench.backupPath), worker.backUp(bench.path, to: bench.backupPath),
      ]
      for outcome in attempts { #expect(outcome.failure?.code == .hardLink) }
      #expect(try Content.bytes(bench.path) == bytes)
    } else {
      #expect(worker.upgrade(bench.path, backup: bench.backupPath).status == .migrated)
    }
  }

  @Test func `a backup is not restored into a database with two names`() throws {
    let bench = try Bench(settings: "PRAGMA journal_mode=WAL;")
    let worker = try bench.worker()
    let backup = try #require(worker.backUp(bench.path, to: bench.backupPath).backup)
    #expect(link(bench.path, bench.folder.file("other.sqlite")) == 0)
    let outcome = worker.restore(bench.path, from: backup, saving: bench.folder.file("saved.sqlite"))
    #expect(outcome.failure?.code == .hardLink)
  }
}
