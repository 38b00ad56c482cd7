extension Failure {
  /// What sort of failure: what to match on, and what JSON has as `code`.
  ///
  /// An open set: a report or a host of another version may have codes that this one doesn't know, which are kept as they are.
  public struct Code: RawRepresentable, Hashable, Sendable, Codable {
    /// The word in JSON, such as `disk_full`.
    public let rawValue: String

    /// Wraps the word in JSON.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The path leads nowhere.
    public static let missing = Code(rawValue: "missing")
    /// The path leads to something that is no regular file.
    public static let notAFile = Code(rawValue: "not_a_file")
    /// The file has no bytes.
    public static let empty = Code(rawValue: "empty")
    /// The file is no SQLite database.
    public static let notADatabase = Code(rawValue: "not_a_database")
    /// The file is shorter than its header says.
    public static let truncated = Code(rawValue: "truncated")
    /// SQLite found the file damaged.
    public static let corrupt = Code(rawValue: "corrupt")
    /// Something that is no regular file stands in the place of a journal or log.
    public static let obstructed = Code(rawValue: "obstructed")
    /// A value, a name or the schema is larger than what is read.
    public static let tooBig = Code(rawValue: "too_big")
    /// SQLite's memory limit was reached.
    public static let outOfMemory = Code(rawValue: "out_of_memory")
    /// This user may not read or write the file or its folder.
    public static let permission = Code(rawValue: "permission")
    /// The file or its file system can't be written.
    public static let readOnly = Code(rawValue: "read_only")
    /// Another process kept the database locked.
    public static let busy = Code(rawValue: "busy")
    /// There is no room left on the disk.
    public static let diskFull = Code(rawValue: "disk_full")
    /// The time allowed for one installation has passed.
    public static let timeout = Code(rawValue: "timeout")
    /// Reading or writing failed in another way.
    public static let io = Code(rawValue: "io")
    /// The work was cancelled.
    public static let calledOff = Code(rawValue: "called_off")
    /// Something that should not happen; the message says what.
    public static let internalError = Code(rawValue: "internal")
    /// The database records versions that these migrations don't have.
    public static let ahead = Code(rawValue: "ahead")
    /// Another tool keeps the database's history.
    public static let foreignHistory = Code(rawValue: "foreign_history")
    /// The database has tables of these migrations, and no history.
    public static let unknownHistory = Code(rawValue: "unknown_history")
    /// The history table did not keep a record.
    public static let history = Code(rawValue: "history")
    /// A trigger on the history table would run with each record.
    public static let historyTrigger = Code(rawValue: "history_trigger")
    /// SQLite refused a statement of a migration.
    public static let sql = Code(rawValue: "sql")
    /// An `@require` doesn't hold.
    public static let requirement = Code(rawValue: "requirement")
    /// An `@expect` doesn't hold.
    public static let expectation = Code(rawValue: "expectation")
    /// The migration files can't be used, so that nothing is known of what is pending.
    public static let migrations = Code(rawValue: "migrations")
    /// A table has fewer rows, and the migration doesn't declare it.
    public static let rowsLost = Code(rawValue: "rows_lost")
    /// Content changed as only a mistake explains it, and the migration doesn't declare it.
    public static let contentChanged = Code(rawValue: "content_changed")
    /// AUTOINCREMENT would give numbers again.
    public static let sequenceSetBack = Code(rawValue: "sequence_set_back")
    /// A column that these migrations don't know would go.
    public static let columnLost = Code(rawValue: "column_lost")
    /// An index, trigger or constraint that these migrations don't know would go.
    public static let objectLost = Code(rawValue: "object_lost")
    /// There are new foreign-key violations.
    public static let foreignKey = Code(rawValue: "foreign_key")
    /// The schema after the migrations is not that of their version.
    public static let schema = Code(rawValue: "schema")
    /// A statement ended the transaction.
    public static let transactionLost = Code(rawValue: "transaction_lost")
    /// A writer crashed and left a journal that has to be rolled back first.
    public static let journal = Code(rawValue: "journal")
    /// The file has several names.
    public static let hardLink = Code(rawValue: "hard_link")
    /// The path leads to another file than it did a moment before.
    public static let switched = Code(rawValue: "switched")
    /// The database is on a network file system.
    public static let networkFileSystem = Code(rawValue: "network_file_system")
    /// The backup could not be made, or is none.
    public static let backup = Code(rawValue: "backup")
    /// What was restored differs from the backup.
    public static let restore = Code(rawValue: "restore")
    /// The backup stayed on its host.
    public static let fetch = Code(rawValue: "fetch")
    /// A hook failed.
    public static let hook = Code(rawValue: "hook")
    /// The host can't be reached.
    public static let unreachable = Code(rawValue: "unreachable")
    /// The host's key is not known.
    public static let hostKey = Code(rawValue: "host_key")
    /// The host shows another key than the known one.
    public static let hostKeyChanged = Code(rawValue: "host_key_changed")
    /// The host doesn't let this user in.
    public static let authentication = Code(rawValue: "authentication")
    /// sudo on the host doesn't let this user become another one.
    public static let become = Code(rawValue: "become")
    /// The agent can't run on the host.
    public static let agent = Code(rawValue: "agent")
    /// The agent can't be put on the host.
    public static let agentFolder = Code(rawValue: "agent_folder")
    /// The host prints text before the agent answers.
    public static let banner = Code(rawValue: "banner")
    /// The host runs another command than the one that was asked for.
    public static let forcedCommand = Code(rawValue: "forced_command")
    /// The host sent what an agent does not send.
    public static let protocolFault = Code(rawValue: "protocol")
    /// The connection ended while the work went on.
    public static let connectionLost = Code(rawValue: "connection_lost")
    /// Stands for several reasons in a list that is cut short.
    public static let other = Code(rawValue: "other")
  }
}

extension Failure.Code: CustomStringConvertible {
  /// The word in JSON.
  public var description: String { rawValue }
}
