internal import Basics
internal import FoundationEssentials
internal import Glibc
internal import SQLite
internal import Upgrade

extension Journal {
  /// Puts right what killed runs left: notes their backups that they didn't come to note, and removes unfinished ones.
  ///
  /// The folder of backups is what tells, not the journal, which a power cut may have taken. A backup has its name only
  /// when it is whole, so every one that is found is as good as one that was noted; those on hosts are found when a run
  /// works there (`BackupStore.recordAndPrune`). The caller holds the lock on the state folder.
  public func recover(_ state: StateFolder, _ inventory: Inventory) throws(StateError) {
    do {
      try recoverAll(state, inventory)
    } catch let error as StateError {
      throw error
    } catch {
      throw StateError(path, "can't be recovered: \(error)", nil)
    }
  }

  private func recoverAll(_ state: StateFolder, _ inventory: Inventory) throws {
    sweep(state.reports)
    state.removeRehearsal()
    let finished = Set(
      try read { database in
        try database.rows("SELECT id FROM runs WHERE finished_at IS NOT NULL") { $0.text(0) ?? "" }
      })
    let folders = (try? namesInFolder(state.backups)) ?? []
    let runs = folders.filter { !finished.contains($0) }.compactMap { RunID($0) }.sorted()
    guard !runs.isEmpty else { return }
    let known = Set(try read { try $0.rows("SELECT path FROM backups") { $0.text(0) ?? "" } })
    let here = inventory.installations.filter { $0.host == nil }
    let installations = Dictionary(here.map { ("\($0.fileName).sqlite", $0) }) { $1 }
    for run in runs {
      try noteRecovered(run)
      let folder = "\(state.backups)/\(run)"
      for file in (try? namesInFolder(folder)) ?? [] {
        let path = "\(folder)/\(file)"
        if file.hasSuffix(".part") { unlink(path) }
        guard let installation = installations[file], !known.contains(path) else { continue }
        guard let backup = try? Self.found(path, run, installation) else { continue }
        addBackup(backup, keep: nil)
      }
      rmdir(folder)
    }
    try check()
  }

  /// Notes a run that the journal has lost, as far as its name tells.
  private func noteRecovered(_ run: RunID) throws {
    met(run)
    let date = run.date.formatted(.iso8601)
    write { journal in
      try journal.database.execute(
        """
        INSERT OR IGNORE INTO runs (id, command, fleet, started_at, result)
        VALUES (?, 'unknown', '', ?, 'recovered')
        """, [.text(run.description), .text(date)])
    }
  }

  /// Removes the reports that nobody finishes: the lock of one that is being written goes with its writer.
  private func sweep(_ folder: String) {
    for file in (try? namesInFolder(folder)) ?? [] {
      guard file.hasSuffix(".part") else { continue }
      let descriptor = open("\(folder)/\(file)", O_RDWR | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink("\(folder)/\(file)") }
      close(descriptor)
    }
  }

  private static func found(_ path: String, _ run: RunID, _ installation: Installation) throws -> StoredBackup
  {
    let found = try FoundBackup(of: run.description, reading: path)
    return StoredBackup(
      run: run, installation: installation.id, host: nil, database: installation.path,
      version: found.version, record: found.record, fetched: nil)
  }
}
