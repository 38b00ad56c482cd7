internal import FoundationEssentials
public import Migrations
internal import SQLite
internal import Upgrade

extension Journal {
  /// Cleans up after runs that were killed: records the backups that they had not recorded, and removes unfinished
  /// ones.
  ///
  /// It relies on the backup destination and not on the journal, whose latest entries a power cut may have taken. A
  /// backup appears at its location only when it is complete, so each one found is as good as a recorded one. Backups
  /// on hosts are found when a run works there (``BackupStore/recordAndPrune(_:of:_:after:)``). The caller holds the lock
  /// on the state folder.
  ///
  /// - Parameters:
  ///   - state: the state folder.
  ///   - inventory: the installations whose backups are looked for.
  ///   - history: the table in which their databases record versions.
  ///   - notify: called with a sentence for each file in the place of a backup that can't be read as one. It is neither
  ///     recorded nor removed.
  /// - Throws: `StateError` if the destination can't be read or the journal can't be written.
  public func recover(
    _ state: StateFolder, _ inventory: Inventory, _ history: any HistoryTable,
    notify: (String) -> Void
  ) throws(StateError) {
    do {
      state.removeUnfinishedReports()
      state.removeRehearsal()
      try recoverBackups(in: state.destination, inventory, history, notify)
    } catch let error as StateError {
      throw error
    } catch let failure as Failure {
      throw StateError(state.path, cause: failure)
    } catch {
      throw StateError(path, "can't be recovered: \(error)", nil)
    }
  }

  private func recoverBackups(
    in destination: any BackupDestination, _ inventory: Inventory, _ history: any HistoryTable,
    _ notify: (String) -> Void
  ) throws {
    let finished = try finishedRuns()
    let runs = try destination.runs().filter { !finished.contains($0) }.compactMap { RunID($0) }.sorted()
    guard !runs.isEmpty else { return }
    let known = try notedLocations()
    let here = inventory.installations.filter(\.machine.isLocal)
    let installations = Dictionary(here.map { ($0.fileName, $0) }) { $1 }
    for run in runs {
      noteRecovered(run)
      for location in try destination.list(run.description) where !known.contains(location) {
        guard let installation = installations[destination.name(in: location)] else { continue }
        do {
          let found = try FoundBackup(of: run.description, at: location, in: destination, history)
          addBackup(StoredBackup(run, installation, version: found.version, found.record, fetched: nil))
        } catch {
          notify(
            "\(location) is in the place of a backup of \(installation.id), and can't be read as one, so it is not listed: "
              + "\(Failure(reporting: error).message)")
        }
      }
      destination.end(run.description)
    }
    try check()
  }
}
