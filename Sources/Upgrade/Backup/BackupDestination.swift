internal import Basics

/// Where backups are stored, and the only code that knows what they are there.
///
/// A destination has an address, which is all that its configuration says of it. It stores each backup at a *location*,
/// `ADDRESS/RUN/NAME.sqlite`, which the journal, reports and messages repeat and nobody else takes apart.
/// ``BackupFolder`` is the one implementation so far. To add one, see `BackupDestinations`.
///
/// A destination is called by many lanes at once.
public protocol BackupDestination: Sendable {
  /// What its locations begin with.
  var address: String { get }

  /// Makes sure that backups of a run can be stored, before the run works on its first database.
  ///
  /// - Throws: `Failure` where they can't.
  func begin(_ run: String) throws(Failure)

  /// Removes what unfinished backups of a run left, and the run's place if no backup is in it.
  ///
  /// Nobody stores backups of the run meanwhile: it has ended, or was killed.
  func end(_ run: String)

  /// Begins to store a backup. What is at the location stays until the new backup is published.
  ///
  /// - Throws: `Failure`, with code `disk_full` where there is no room; nothing is left behind.
  func put(_ location: String) throws(Failure) -> any UnfinishedBackup

  /// Calls `body` with the path of a file of this machine that holds the backup, to be read until `body` returns.
  ///
  /// - Throws: what `body` throws. Where the backup can't be read, either this throws or `body` meets a file that can't
  ///   be opened.
  func open<T>(_ location: String, _ body: (String) throws -> T) throws -> T

  /// Whether there is a backup at the location.
  func has(_ location: String) -> Bool

  /// The runs that have begun here, whether or not they have stored a backup.
  ///
  /// - Throws: `Failure` where that can't be read.
  func runs() throws(Failure) -> [String]

  /// The backups of one run that are complete, as locations.
  ///
  /// - Throws: `Failure` where that can't be read.
  func list(_ run: String) throws(Failure) -> [String]

  /// Removes a backup. One that isn't there counts as removed.
  ///
  /// - Throws: `Failure` where the backup is still there.
  func remove(_ location: String) throws(Failure)

  /// How much can be stored; nil where the destination doesn't say.
  func room() -> BackupRoom?
}

/// A backup on its way into a destination.
public protocol UnfinishedBackup: AnyObject {
  /// A file of this machine that takes the backup's content. It is empty at first, and only this user may read it.
  var file: String { get }

  /// Stores what is in the file. When it returns, the backup is at its location and survives a power cut.
  ///
  /// The caller has synced the file, or a copy of its content survives elsewhere.
  /// - Throws: `Failure` where that can't be done.
  func publish() throws(Failure)

  /// Removes everything of a backup that will not be published.
  func discard()
}

/// How much a destination can store.
public struct BackupRoom: Sendable {
  /// The free bytes.
  let free: Int64
  /// What they are in, for messages.
  let place: String
  /// The file system, where it is one that databases can be on too; they share its room then.
  let device: UInt64?
}

extension BackupDestination {
  /// The location of a backup.
  ///
  /// - Parameters:
  ///   - run: the run that makes it.
  ///   - name: the installation's id as a file name.
  /// - Returns: the address, the run and the name as one text.
  public func location(_ run: String, _ name: String) -> String { "\(place(of: run))/\(name).sqlite" }

  /// Where all backups of a run are, for people.
  public func place(of run: String) -> String { "\(address)/\(run)" }

  /// The name in a location, as `location(_:_:)` was given it.
  public func name(in location: String) -> String {
    let name = fileName(of: location)
    return name.hasSuffix(".sqlite") ? String(name.dropLast(".sqlite".count)) : name
  }
}

/// Which destination belongs to an address. One that is added is chosen here.
public enum BackupDestinations {
  /// The destination at an address, such as the path of a folder.
  public static func at(_ address: String) -> any BackupDestination { BackupFolder(address) }

  /// The destination that a location is in.
  public static func holding(_ location: String) -> any BackupDestination {
    at(parentFolder(of: parentFolder(of: location)))
  }

  /// The destination for databases that have none of their own configured: the folder `.flotilla/backups` beside each.
  public static func beside(_ database: String) -> any BackupDestination {
    at((database.lastIndex(of: "/").map { String(database[...$0]) } ?? "") + ".flotilla/backups")
  }
}
