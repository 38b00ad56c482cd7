internal import Migrations

extension Failure {
  /// What people can do about the failure. It names the migration or the database, whichever has to be corrected.
  ///
  /// - Parameters:
  ///   - ids: the ids of the installations that failed in this way, or some of them.
  ///   - count: how many failed in this way; nil for the number of `ids`.
  ///   - quote: marks a name up, for a text that needs that.
  /// - Returns: one sentence without a full stop.
  public func advice(
    for ids: [String], of count: Int? = nil, quoting quote: (String) -> String = { $0 }
  ) -> String {
    let names = AdviceNames(self, ids, count ?? ids.count, quote)
    return inDatabase(names) ?? advice(names)
  }

  /// The advice if the database is at fault; nil if it isn't.
  private func inDatabase(_ names: AdviceNames) -> String? {
    guard fault == .database else { return nil }
    switch code {
    case .requirement: return "do what the message asks for in \(names.database), then run again"
    case .columnLost, .objectLost:
      return
        "\(names.database) got it by other means than these migrations: drop it there if nobody needs it, or "
        + "let \(names.migration) keep it"
    case .history: return "drop the trigger or the constraint in \(names.database), then run again"
    case .schema:
      return
        "\(names.database) was not as its version should be before: flotilla drift tells the difference, "
        + "which has to go before \(names.migration) can run"
    default:
      return "the rows of \(names.database) don't fit \(names.migration): correct them there, or let "
        + "\(names.migration) correct them first"
    }
  }

  private func advice(_ names: AdviceNames) -> String {
    switch code {
    case .missing: "correct the path in the inventory, or remove the entry"
    case .notAFile, .empty, .notADatabase:
      "check the path in the inventory; if it is right, restore a backup"
    case .truncated, .corrupt:
      "the file is damaged: restore a backup, or recover it with sqlite3's .recover"
    case .obstructed:
      "remove what stands there, or find out who put it there: SQLite makes its journal and log itself"
    case .tooBig:
      "the limits are in docs/limits.md: shorten the value with the application, or upgrade this installation by hand"
    case .outOfMemory: "run again with a lower rollout.concurrency"
    case .permission: "run as the file's owner, or allow this user to write the file and its folder"
    case .readOnly: "the file or its file system can't be written: mount it writable"
    case .busy: "another process kept the database locked: try again, or raise rollout.busy_timeout"
    case .diskFull: "make room and run the same command again"
    case .timeout: "run again, or raise rollout.timeout"
    case .rowsLost, .contentChanged, .sequenceSetBack:
      "mend \(names.migrations), or declare there what is meant; flotilla plan --rehearse lists all of it"
    case .foreignKey, .schema, .expectation, .sql, .columnLost, .objectLost, .transactionLost:
      "mend \(names.migration) and try it on a copy of this installation"
    case .migrations: "correct the files; flotilla lint tells what is wrong with them"
    case .foreignHistory:
      "if that tool's files are the fleet's migrations, name its format in fleet.yml (migrations: { path, format }); "
        + "else take such databases over with a baseline (baseline: FILE), which makes of them what the first migration "
        + "starts from; flotilla adopt takes those that have no history but a user_version"
    case .unknownHistory:
      "flotilla adopt tells by the schema which of these migrations it has, and records them; or write a baseline "
        + "(baseline: FILE in fleet.yml) for databases without records"
    case .unknownVersion:
      "say which version it is at: flotilla --only ID adopt --version VERSION; or change its schema to that of a "
        + "version, and adopt it again"
    case .changed:
      "run the same command again, which looks at it anew; a kept plan has to be made anew: flotilla plan --output"
    case .unfinishedHistory:
      "flotilla adopt settles a half-done migration; whatever else the message names, such as a lock, has to be "
        + "cleared with the tool"
    case .history where fault == .migration: "mend \(names.migration), then run again"
    case .history, .historyTrigger: "drop the trigger or the constraint in \(names.database), then run again"
    case .hardLink:
      "remove the other name (find -samefile tells it), so that everybody opens the file by one"
    case .switched: "let the path lead to one file while flotilla works, then run again"
    case .journal: "the application does that when it starts, and so does flotilla migrate"
    case .unreachable:
      "try ssh with the same host, user and port; flotilla reaches a host where that needs no password"
    case .hostKey:
      "compare the host's key with its owner's word, then add it to known_hosts (or ssh.host_key: accept-new)"
    case .hostKeyChanged:
      "this may be an attack: ask the host's owner whether its key was replaced before you remove the old one"
    case .authentication:
      "let this user in with a key that an agent holds or that has no passphrase; ssh HOST true must not ask"
    case .become: "allow it in sudoers without a password (sudo -n), or leave become out"
    case .agent: "see the message; an agent installed by hand is named in ssh.agent"
    case .agentFolder:
      "its file system is probably mounted noexec: name a folder where programs may run in ssh.agent_folder"
    case .banner: "let the host's login scripts print nothing where there is no terminal"
    case .forcedCommand:
      "log in as a user whose shell runs what ssh asks for: no ForceCommand, no command= in authorized_keys"
    case .protocolFault:
      "something on the host takes the agent's place or changes what it sends: look into it before you go on"
    case .connectionLost, .calledOff:
      "it is at its old version or its new one; run the same command again"
    case .fetch:
      "the database is well and its backup whole on its host: mend what the message says, then flotilla backup"
    case .hook where step == .after:
      "do by hand what the hook should have done: migrating again runs no hook where nothing is pending"
    case .hook: "mend what the hook complains about, then run the same command again"
    case .program: "mend what the program complains about, then run the same command again"
    case .networkFileSystem:
      "work on the machine that has the disk, or accept the risk with rollout.network_file_systems: true"
    case .requirement: "do what the message asks for, then run again"
    default: "run again; if it stays, look at the message"
    }
  }
}

/// The migrations and installations as an advice names them.
private struct AdviceNames {
  private let files: [String]
  private let ids: [String]
  private let count: Int

  init(_ failure: Failure, _ ids: [String], _ count: Int, _ quote: (String) -> String) {
    files = failure.files.map(quote)
    self.ids = ids.map(quote)
    self.count = count
  }

  /// The migration, or those of which one is meant.
  var migration: String { list("or") }

  /// The migrations, all of which are meant.
  var migrations: String { list("and") }

  private func list(_ word: String) -> String {
    switch files.count {
    case 0: "the migration"
    case 1: files[0]
    case 2, 3: "\(files.dropLast().joined(separator: ", ")) \(word) \(files[files.count - 1])"
    default: word == "or" ? "the migration" : "these \(files.count) migrations"
    }
  }

  /// The database by its id, or how many there are.
  var database: String {
    switch count {
    case 0: "the database"
    case 1: ids.first ?? "the database"
    default: "these \(count) databases"
    }
  }
}
