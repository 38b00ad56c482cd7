internal import FoundationEssentials
public import Migrations
internal import Schema
public import Upgrade

/// The version of the program. A coordinator and its agents must have the same version.
public let programVersion = "0.1.0"

/// The protocol between a coordinator and an agent.
public enum WireProtocol {
  /// The version of the protocol. It is incremented with every change after which an older end would misunderstand a
  /// newer one.
  public static let version = 3
  /// The bytes that an agent sends before its first frame, so that no other output can be mistaken for it.
  public static let greeting = Array("FLOTILLA".utf8)
  /// The interval at which an agent reports that it is still running, in seconds.
  public static let beat = 2
  /// The size of the pieces in which a file is sent, in bytes.
  public static let piece = 256 << 10
}

/// The agent's introduction of itself.
public struct Hello: Hashable, Sendable, Codable {
  /// The agent's version of the protocol.
  public let version: Int
  /// The program and its version, such as `flotilla-agent 0.1.0`.
  public let program: String
  /// The version of the agent's SQLite library.
  public let sqlite: String

  /// Creates the introduction of an agent that speaks this version of the protocol.
  public init(program: String, sqlite: String) {
    version = WireProtocol.version
    self.program = program
    self.sqlite = sqlite
  }
}

/// What an agent needs to know before it works. It is sent once per connection.
public struct Setup: Sendable, Codable {
  /// The files of the migration set.
  public let files: MigrationFiles
  /// The digest that the set made of these files must have.
  public let digest: String
  /// The options for each installation.
  public let options: UpgradeOptions

  /// Creates the setup for a migration set and options.
  public init(_ set: MigrationSet, _ options: UpgradeOptions) {
    files = set.files
    digest = set.digest.description
    self.options = options
  }
}

/// A request to an agent.
public enum Request: Hashable, Sendable, Codable {
  /// See `Worker.inspect`. The answer is an outcome.
  case inspect(path: String)
  /// See `Worker.upgrade`. The answer is an outcome.
  case upgrade(path: String, backup: String, expected: ExpectedState?)
  /// See `Worker.adopt`. The answer is an outcome.
  case adopt(path: String, decision: AdoptionDecision, schema: String, backup: String)
  /// See `Worker.backUp`. The answer is an outcome.
  case backUp(path: String, destination: String)
  /// See `Worker.restore`. The answer is an outcome.
  case restore(path: String, backup: BackupRecord, saved: String)
  /// See `Worker.rehearse`. The answer is an outcome.
  case rehearse(path: String, folder: String)
  /// See `Worker.ask`. The answer is `answers`.
  case ask(path: String)
  /// See `Worker.remove`. The answer is `done`.
  case remove(backups: [String])
  /// See `Worker.backups`. The answer is `found`.
  case backups(name: String, folder: String, runs: [String])
  /// Requests a backup from the host. The answer is its pieces, whose total size is that of the record, and `done`.
  case fetch(BackupRecord)
  /// Sends a backup, whose pieces and `end` follow. The answer is `done` when the backup is complete at its location.
  case store(BackupRecord)
}

extension Request {
  /// The kind of frame that answers the request if it succeeds.
  public var answer: Frame.Kind {
    switch self {
    case .inspect, .upgrade, .adopt, .backUp, .restore, .rehearse: .outcome
    case .ask: .answers
    case .backups: .found
    case .remove, .fetch, .store: .done
    }
  }

  /// Whether the agent reports each step of the work.
  public var tellsSteps: Bool {
    switch self {
    case .upgrade, .adopt, .restore: true
    default: false
    }
  }
}

extension Frame {
  /// Creates a frame whose payload is `value` as JSON.
  public init(_ kind: Kind, _ request: UInt32 = 0, json value: some Encodable) {
    // All messages consist of strings, numbers and lists of these.
    guard let data = try? JSONEncoder().encode(value) else {
      preconditionFailure("a message is always valid JSON")
    }
    self.init(kind, request, Array(data))
  }

  /// Decodes the payload from JSON.
  ///
  /// - Throws: `WireError.payload` if the payload is not such a value, or if decoding an agent's message would take
  ///   much more memory than its size.
  public func value<T: Decodable>(_ type: T.Type = T.self) throws(WireError) -> T {
    if kind != .setup, kind != .request, !JSONOutline(payload).isModest { throw .payload(kind) }
    guard let value = try? JSONDecoder().decode(type, from: Data(payload)) else { throw .payload(kind) }
    return value
  }
}
