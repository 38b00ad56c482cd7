extension Failure {
  /// The kind of failure, for code that reacts to it. JSON has it as `code`.
  ///
  /// The set of codes is open: a report or a host of another version may have codes that this version doesn't know.
  /// They are kept unchanged.
  public struct Code: RawRepresentable, Hashable, Sendable, Codable {
    /// The word in JSON, such as `disk_full`.
    public let rawValue: String

    /// Creates a code from its word in JSON.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// There is no file at the path.
    public static let missing = Code(rawValue: "missing")
    /// The path leads to something other than a regular file.
    public static let notAFile = Code(rawValue: "not_a_file")
    /// The file has no bytes.
    public static let empty = Code(rawValue: "empty")
    /// The file is not an SQLite database.
    public static let notADatabase = Code(rawValue: "not_a_database")
    /// The file is shorter than its header says.
    public static let truncated = Code(rawValue: "truncated")
    /// SQLite found the file damaged.
    public static let corrupt = Code(rawValue: "corrupt")
    /// Something other than a regular file has the name of the journal or log.
    public static let obstructed = Code(rawValue: "obstructed")
    /// A value, a name or the schema exceeds the limits for reading.
    public static let tooBig = Code(rawValue: "too_big")
    /// SQLite's memory limit was reached.
    public static let outOfMemory = Code(rawValue: "out_of_memory")
    /// This user may not read or write the file or its folder.
    public static let permission = Code(rawValue: "permission")
    /// The file or its file system can't be written.
    public static let readOnly = Code(rawValue: "read_only")
    /// Another process kept the database locked.
    public static let busy = Code(rawValue: "busy")
    /// The disk is full.
    public static let diskFull = Code(rawValue: "disk_full")
    /// The time limit for one installation was reached.
    public static let timeout = Code(rawValue: "timeout")
    /// Reading or writing failed in some other way.
    public static let io = Code(rawValue: "io")
    /// The work was cancelled.
    public static let calledOff = Code(rawValue: "called_off")
    /// A defect in Flotilla; the message says what happened.
    public static let internalError = Code(rawValue: "internal")
    /// The database records versions that these migrations don't have.
    public static let ahead = Code(rawValue: "ahead")
    /// Another tool keeps the database's migration history.
    public static let foreignHistory = Code(rawValue: "foreign_history")
    /// The database has tables of these migrations but no history.
    public static let unknownHistory = Code(rawValue: "unknown_history")
    /// The history marks a migration as half done, or is locked by a tool that crashed.
    public static let unfinishedHistory = Code(rawValue: "unfinished_history")
    /// Which version a database without a history is at can't be told from its schema.
    public static let unknownVersion = Code(rawValue: "unknown_version")
    /// The database changed after it was inspected.
    public static let changed = Code(rawValue: "changed")
    /// The history table did not keep exactly what was recorded, or a migration created a trigger on it.
    public static let history = Code(rawValue: "history")
    /// The history table has a trigger, which would run with each record.
    public static let historyTrigger = Code(rawValue: "history_trigger")
    /// SQLite rejected a statement of a migration.
    public static let sql = Code(rawValue: "sql")
    /// An `@require` doesn't hold.
    public static let requirement = Code(rawValue: "requirement")
    /// An `@expect` doesn't hold.
    public static let expectation = Code(rawValue: "expectation")
    /// The migration files can't be used, so the pending migrations are unknown.
    public static let migrations = Code(rawValue: "migrations")
    /// A table has lost rows, and the migration doesn't declare it.
    public static let rowsLost = Code(rawValue: "rows_lost")
    /// Content changed in a way that is probably a mistake, and the migration doesn't declare it.
    public static let contentChanged = Code(rawValue: "content_changed")
    /// AUTOINCREMENT would give the same numbers again.
    public static let sequenceSetBack = Code(rawValue: "sequence_set_back")
    /// The migrations would drop a column that they don't know.
    public static let columnLost = Code(rawValue: "column_lost")
    /// The migrations would drop an index, trigger or constraint that they don't know.
    public static let objectLost = Code(rawValue: "object_lost")
    /// There are new foreign-key violations.
    public static let foreignKey = Code(rawValue: "foreign_key")
    /// The schema after the migrations differs from the expected schema.
    public static let schema = Code(rawValue: "schema")
    /// A statement ended the transaction.
    public static let transactionLost = Code(rawValue: "transaction_lost")
    /// A crashed writer left a journal that has to be rolled back first.
    public static let journal = Code(rawValue: "journal")
    /// The file has several names (hard links).
    public static let hardLink = Code(rawValue: "hard_link")
    /// The path leads to a different file than a moment before.
    public static let switched = Code(rawValue: "switched")
    /// The database is on a network file system.
    public static let networkFileSystem = Code(rawValue: "network_file_system")
    /// The backup could not be made, or the file is not a valid backup.
    public static let backup = Code(rawValue: "backup")
    /// The restored content differs from the backup.
    public static let restore = Code(rawValue: "restore")
    /// The backup could not be fetched and is still on its host.
    public static let fetch = Code(rawValue: "fetch")
    /// A hook failed.
    public static let hook = Code(rawValue: "hook")
    /// The program that migrates the databases failed, or did what it must not do.
    public static let program = Code(rawValue: "program")
    /// The host can't be reached.
    public static let unreachable = Code(rawValue: "unreachable")
    /// The host's key is unknown.
    public static let hostKey = Code(rawValue: "host_key")
    /// The host's key differs from the known key.
    public static let hostKeyChanged = Code(rawValue: "host_key_changed")
    /// The host doesn't accept this user's credentials.
    public static let authentication = Code(rawValue: "authentication")
    /// sudo on the host doesn't allow this user to act as another user.
    public static let become = Code(rawValue: "become")
    /// The agent can't run on the host.
    public static let agent = Code(rawValue: "agent")
    /// The agent can't be installed on the host.
    public static let agentFolder = Code(rawValue: "agent_folder")
    /// The host prints text before the agent answers.
    public static let banner = Code(rawValue: "banner")
    /// The host runs a different command than the requested one.
    public static let forcedCommand = Code(rawValue: "forced_command")
    /// The host sent something that an agent never sends.
    public static let protocolFault = Code(rawValue: "protocol")
    /// The connection ended before the work did.
    public static let connectionLost = Code(rawValue: "connection_lost")
    /// Represents several reasons in a truncated list.
    public static let other = Code(rawValue: "other")

    /// The codes for effects that a migration should have declared.
    public static let undeclared: Set<Code> = [.rowsLost, .contentChanged, .sequenceSetBack]
  }
}

extension Failure.Code: CustomStringConvertible {
  /// The word in JSON.
  public var description: String { rawValue }
}
