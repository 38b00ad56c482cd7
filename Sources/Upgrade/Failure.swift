internal import Glibc
internal import Migrations
internal import SQLite

/// How far the work on one installation got.
public enum Step: String, Sendable, Codable {
  /// The hook before the upgrade.
  case before
  /// Finding and opening the file.
  case open
  /// Waiting for the write lock.
  case lock
  /// Reading versions and schema.
  case inspect
  /// Copying the database and checking the copy.
  case backUp = "back up"
  /// Running the migrations.
  case migrate
  /// Checking the result inside the transaction.
  case prove
  /// Making it last.
  case commit
  /// Writing a backup back.
  case restore
  /// The hook after the upgrade.
  case after
}

/// Why the work on one installation ended early: a value that says how far it got.
public struct Failure: Error, Hashable, Sendable, Codable {
  /// What to match on, such as `busy`, `corrupt`, `foreign_key`.
  public let code: String
  /// The step that failed.
  public let step: Step
  /// What happened, for people.
  public let message: String

  /// Makes a failure.
  public init(code: String, step: Step, message: String) {
    self.code = code
    self.step = step
    self.message = message
  }

  /// What to do about it.
  public var advice: String {
    switch code {
    case "missing": "correct the path in the inventory, or remove the entry"
    case "not_a_file", "empty", "not_a_database":
      "check the path in the inventory; if it is right, restore a backup"
    case "truncated", "corrupt":
      "the file is damaged: restore a backup, or recover it with sqlite3's .recover"
    case "obstructed":
      "remove what stands there, or find out who put it there: SQLite makes its journal and log itself"
    case "too_big":
      "the limits are in docs/limits.md: shorten the value with the application, or upgrade this installation by hand"
    case "out_of_memory": "run again with a lower rollout.concurrency"
    case "permission": "run as the file's owner, or allow this user to write the file and its folder"
    case "read_only": "the file or its file system can't be written: mount it writable"
    case "busy": "another process kept the database locked: try again, or raise rollout.busy_timeout"
    case "disk_full": "make room and run the same command again"
    case "timeout": "run again, or raise rollout.timeout"
    case "foreign_key", "rows_lost", "schema", "expectation", "sql", "column_lost", "object_lost",
      "content_changed", "sequence_set_back", "transaction_lost":
      "mend the migration and try it on a copy of this installation"
    case "foreign_history":
      "take it over with a baseline (baseline: FILE in fleet.yml) that makes of such a database what the first "
        + "migration starts from, or record in \(History.name) (version, name) what it has"
    case "unknown_history":
      "record in \(History.name) (version, name) what it has, or write a baseline (baseline: FILE in fleet.yml) for "
        + "databases without records"
    case "history", "history_trigger": "drop the trigger or the constraint, then run again"
    case "hard_link":
      "remove the other name (find -samefile tells it), so that everybody opens the file by one"
    case "switched": "let the path lead to one file while flotilla works, then run again"
    case "journal": "the application does that when it starts, and so does flotilla migrate"
    case "unreachable":
      "try ssh with the same host, user and port; flotilla reaches a host where that needs no password"
    case "host_key":
      "compare the host's key with its owner's word, then add it to known_hosts (or ssh.host_key: accept-new)"
    case "host_key_changed":
      "this may be an attack: ask the host's owner whether its key was replaced before you remove the old one"
    case "authentication":
      "let this user in with a key that an agent holds or that has no passphrase; ssh HOST true must not ask"
    case "become": "allow it in sudoers without a password (sudo -n), or leave become out"
    case "agent": "see the message; an agent installed by hand is named in ssh.agent"
    case "agent_folder":
      "its file system is probably mounted noexec: name a folder where programs may run in ssh.agent_folder"
    case "banner": "let the host's login scripts print nothing where there is no terminal"
    case "forced_command":
      "log in as a user whose shell runs what ssh asks for: no ForceCommand, no command= in authorized_keys"
    case "protocol":
      "something on the host takes the agent's place or changes what it sends: look into it before you go on"
    case "connection_lost", "called_off":
      "it is at its old version or its new one; run the same command again"
    case "fetch":
      "the database is well and its backup whole on its host: mend what the message says, then flotilla backup"
    case "hook" where step == .after:
      "do by hand what the hook should have done: migrating again runs no hook where nothing is pending"
    case "hook": "mend what the hook complains about, then run the same command again"
    case "network_file_system":
      "work on the machine that has the disk, or accept the risk with rollout.network_file_systems: true"
    case "requirement": "do what the message asks for, then run again"
    default: "run again; if it stays, look at the message"
    }
  }
}

extension Failure: CustomStringConvertible {
  /// Step and message.
  public var description: String { "\(step.rawValue): \(message)" }
}

extension Failure {
  init(_ trouble: DatabaseFile.TroubleError) {
    let code =
      switch trouble.trouble {
      case .missing: "missing"
      case .notAFile: "not_a_file"
      case .empty: "empty"
      case .truncated: "truncated"
      case .obstructed: "obstructed"
      case .notADatabase: "not_a_database"
      case .refused(EACCES), .refused(EPERM): "permission"
      case .refused: "io"
      }
    self.init(code: code, step: .open, message: trouble.description)
  }

  /// Turns any error of the work into a failure at `step`.
  init(_ error: any Error, at step: Step) {
    switch error {
    case let failure as Failure: self = failure
    case let trouble as DatabaseFile.TroubleError: self.init(trouble)
    case let error as SQLiteError:
      self.init(code: Self.code(of: error), step: step, message: error.description)
    case let failure as MigrationFailure:
      let code = failure.underlying.map(Self.code(of:)) ?? failure.code.rawValue
      let proofs: [MigrationFailure.Code] = [
        .rowsLost, .expectation, .contentChanged, .sequenceSetBack, .history,
      ]
      let isProof = proofs.contains(failure.code)
      self.init(code: code, step: isProof ? .prove : step, message: failure.description)
    default: self.init(code: "internal", step: step, message: "\(error)")
    }
  }

  private static func code(of error: SQLiteError) -> String {
    switch error.systemError {
    case EACCES, EPERM: return "permission"
    case EROFS: return "read_only"
    case ENOSPC, EDQUOT: return "disk_full"
    default: break
    }
    if error.code == .readOnlyFolder { return "permission" }
    return switch error.code.primary {
    case .busy, .locked: "busy"
    case .readOnly: "read_only"
    case .interrupt: "timeout"
    case .abort: "transaction_lost"
    case .corrupt: "corrupt"
    case .notADatabase: "not_a_database"
    case .full: "disk_full"
    case .tooBig: "too_big"
    case .noMemory: "out_of_memory"
    case .error, .constraint, .notAuthorized: "sql"
    default: "io"
    }
  }
}
