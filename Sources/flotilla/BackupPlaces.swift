import Basics
import Fleet
import Report
import Synchronization
import Upgrade

/// Where the backups of a run are: in its folder on this machine, or on hosts beside the databases.
final class BackupPlaces: Sendable {
  private struct Found {
    var here = 0
    var fetched = 0
    var compressed = Compressed()
    /// The number of backups by folder on a host, written as `HOST:FOLDER`.
    var away: [String: Int] = [:]
  }

  /// The backups that are compressed, and how many bytes they hold and take.
  private struct Compressed {
    var (count, holds, takes) = (0, Int64(0), Int64(0))
  }

  private let found = Mutex(Found())
  /// The run's folder in the state folder.
  private let folder: String
  private let fetches: Bool
  private let run: RunID

  init(_ session: Session, _ run: RunID) {
    folder = Session.shown(session.state.destination.place(of: run.description))
    fetches = session.fleet.backup.fetch
    self.run = run
  }

  /// Counts the backup of an outcome, if it has one.
  func add(_ outcome: Outcome, of installation: Installation) {
    guard let backup = outcome.backup else { return }
    found.withLock { found in
      if let bytes = backup.compressedBytes {
        found.compressed.count += 1
        found.compressed.holds += backup.bytes
        found.compressed.takes += bytes
      }
      guard case .remote(let host) = installation.machine else { return found.here += 1 }
      found.away["\(host.address):\(BackupStore.place(of: run, installation))", default: 0] += 1
      if fetches, outcome.failure?.code != .fetch { found.fetched += 1 }
    }
  }

  /// The number of backups.
  var count: Int { found.withLock { $0.here + $0.away.values.reduce(0, +) } }

  /// One line for each place: `2 backups in .flotilla/backups/01J…`, `1 backup in ship-1:/srv/…`.
  func lines(_ noun: String = "backup") -> [String] {
    let found = found.withLock { $0 }
    let sorted = found.away.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let shown = sorted.prefix(Self.mostShown)
    let rest = sorted.dropFirst(Self.mostShown)
    var lines = found.here > 0 || sorted.isEmpty ? ["\(counted(found.here, noun)) in \(folder)"] : []
    lines += shown.map { "\(counted($1, noun)) in \($0)" }
    if !rest.isEmpty {
      let count = rest.map(\.value).reduce(0, +)
      lines.append(
        "\(counted(count, noun)) in \(counted(rest.count, "more folder")) of hosts (flotilla backups)"
      )
    }
    if found.fetched > 0 {
      lines.append("\(counted(found.fetched, "copy", "copies")) of them in \(folder)")
    }
    let compressed = found.compressed
    if compressed.count > 0 {
      lines.append(
        "\(compressed.count) of them compressed, \(compressed.takes) bytes instead of \(compressed.holds) (zstd -d unpacks a .zst file)"
      )
    }
    return lines
  }

  private static let mostShown = 5
}
