internal import Basics
public import SQLite

/// Where backups are stored. Only implementations of this protocol know how.
///
/// ```swift
/// let destination = BackupDestinations.at("/var/backups")
/// try destination.begin("run-1")
/// let backup = try destination.put(destination.location("run-1", "app"))
/// // Write the copy of the database to backup.file here.
/// try backup.publish()
/// ```
///
/// The address of a destination is its only configuration. It stores each backup at a *location*,
/// `ADDRESS/RUN/NAME.sqlite`. Journal, reports and messages contain locations, but only a destination interprets them.
/// A backup can be stored compressed; its location and its content stay the same. ``BackupFolder`` is the only implementation so far. To add one, see ``BackupDestinations``. See also
/// ``UnfinishedBackup``.
///
/// Many lanes call a destination at the same time.
public protocol BackupDestination: Sendable {
  /// The prefix of all locations in the destination.
  var address: String { get }

  /// Makes sure that backups of a run can be stored, before the run works on its first database.
  ///
  /// - Throws: `Failure` if they can't.
  func begin(_ run: String) throws(Failure)

  /// Removes what unfinished backups of a run left behind, and the run's place if it holds no backup.
  ///
  /// The run has ended or was killed, so nobody stores backups of it at the same time.
  func end(_ run: String)

  /// Begins to store a backup. An existing backup at the location stays until the new one is published.
  ///
  /// - Throws: `Failure`, with code `disk_full` if there is no space; nothing is left behind.
  func put(_ location: String) throws(Failure) -> any UnfinishedBackup

  /// Calls `body` with the path of a local file that holds the backup. The file is valid until `body` returns.
  ///
  /// - Parameters:
  ///   - location: the location of the backup.
  ///   - bytes: the size of the backup's content; nil if it isn't known. A compressed backup of another size isn't
  ///     expanded.
  ///   - deadline: when to stop expanding; nil for never.
  ///   - body: gets the path.
  /// - Returns: what `body` returns.
  /// - Throws: what `body` throws. If the backup can't be read, either this method throws, or `body` gets a file that
  ///   can't be opened.
  func open<T>(
    _ location: String, expecting bytes: Int64?, by deadline: Deadline?, _ body: (String) throws -> T
  ) throws -> T

  /// Stores a published backup compressed. Until its compressed form is complete, durable and proved to expand to the
  /// recorded content, the backup stays as it is.
  ///
  /// - Returns: how many bytes it takes now.
  /// - Throws: `Failure`, or `SQLiteError` with code `.interrupt` if the deadline passes. The backup is then stored as
  ///   before.
  func compress(_ backup: BackupRecord, by deadline: Deadline) throws -> Int64

  /// How many bytes a compressed backup takes; nil if it isn't compressed, or if there is none.
  func compressedSize(_ location: String) -> Int64?

  /// The name of what is stored for a backup, for people who look for it.
  func stored(_ location: String, isCompressed: Bool) -> String

  /// Whether there is a backup at the location.
  func has(_ location: String) -> Bool

  /// Lists the runs that have begun here, even if they haven't stored a backup.
  ///
  /// - Throws: `Failure` if the destination can't be read.
  func runs() throws(Failure) -> [String]

  /// Lists the locations of one run's complete backups.
  ///
  /// - Throws: `Failure` if the destination can't be read.
  func list(_ run: String) throws(Failure) -> [String]

  /// Removes a backup. A backup that doesn't exist counts as removed.
  ///
  /// - Throws: `Failure` if the backup is still there.
  func remove(_ location: String) throws(Failure)

  /// How much can be stored; nil if the destination doesn't say.
  func room() -> BackupRoom?
}

/// A backup that is being written to a destination.
public protocol UnfinishedBackup: AnyObject {
  /// A local file for the backup's content. It is empty at first, and only this user may read it.
  var file: String { get }

  /// Stores the content of the file. When this returns, the backup is at its location and survives a power failure.
  ///
  /// The caller has synced the file, or a copy of its content survives elsewhere.
  /// - Throws: `Failure` if the backup can't be stored.
  func publish() throws(Failure)

  /// Removes everything of a backup that will not be published.
  func discard()
}

/// How much a destination can store.
public struct BackupRoom: Sendable {
  /// The free space in bytes.
  let free: Int64
  /// The name of the place that has the space, for messages.
  let place: String
  /// The file system, if databases can be on it too and share its space; otherwise nil.
  let device: UInt64?
}

extension BackupDestination {
  /// Calls `body` with the path of a local file that holds a backup of unknown size.
  public func open<T>(_ location: String, _ body: (String) throws -> T) throws -> T {
    try open(location, expecting: nil, by: nil, body)
  }

  /// The name of what is stored for a backup of this machine, for people who look for it.
  public func stored(_ location: String) -> String {
    stored(location, isCompressed: compressedSize(location) != nil)
  }

  /// How a person puts the content of a backup at `path`, as the rest of a sentence.
  func instruction(_ location: String, to path: String) -> String {
    let file = stored(location)
    guard compressedSize(location) != nil else { return "copy \(file) to its place" }
    return "unpack \(file) to its place (zstd -d -o \(path) \(file))"
  }

  /// The location of a backup.
  ///
  /// - Parameters:
  ///   - run: the run that makes the backup.
  ///   - name: the installation's id as a file name.
  /// - Returns: address, run and name as one text.
  public func location(_ run: String, _ name: String) -> String { "\(place(of: run))/\(name).sqlite" }

  /// The place of all backups of a run, for people.
  public func place(of run: String) -> String { "\(address)/\(run)" }

  /// The name in a location, as it was given to `location(_:_:)`.
  public func name(in location: String) -> String {
    let name = fileName(of: location)
    return name.hasSuffix(".sqlite") ? String(name.dropLast(".sqlite".count)) : name
  }
}

/// Chooses the destination for an address. A new type of destination is added here.
public enum BackupDestinations {
  /// The destination at an address, such as the path of a folder.
  public static func at(_ address: String) -> any BackupDestination { BackupFolder(address) }

  /// The destination that contains a location.
  public static func holding(_ location: String) -> any BackupDestination {
    at(parentFolder(of: parentFolder(of: location)))
  }

  /// The destination for a database without a configured one: the folder `.flotilla/backups` beside it.
  public static func beside(_ database: String) -> any BackupDestination {
    at((database.lastIndex(of: "/").map { String(database[...$0]) } ?? "") + ".flotilla/backups")
  }
}
