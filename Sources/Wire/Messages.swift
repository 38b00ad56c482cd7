internal import FoundationEssentials
public import Migrations
internal import Schema
public import Upgrade

/// The version of the program; a coordinator and its agents have the same one.
public let programVersion = "0.1.0"

/// The protocol between a coordinator and an agent.
public enum WireProtocol {
  /// Goes up with every change after which an older end would misunderstand a newer one.
  public static let version = 1
  /// What an agent sends before its first frame, so that nothing else can be taken for it.
  public static let greeting = Array("FLOTILLA".utf8)
  /// How often an agent says that it is alive, in seconds.
  public static let beat = 2
  /// The size in bytes of the pieces that a file is sent in.
  public static let piece = 256 << 10
}

/// What an agent says of itself.
public struct Hello: Hashable, Sendable, Codable {
  /// The protocol that it speaks.
  public let version: Int
  /// Program and version, such as `flotilla-agent 0.1.0`.
  public let program: String
  /// The version of SQLite in it.
  public let sqlite: String

  /// Introduces an agent.
  public init(program: String, sqlite: String) {
    version = WireProtocol.version
    self.program = program
    self.sqlite = sqlite
  }
}

/// What an agent needs to know before any work: it travels once a connection.
public struct Setup: Sendable, Codable {
  /// The migration set's files.
  public let files: MigrationFiles
  /// The digest that the set must have.
  public let digest: String
  /// How to treat each installation.
  public let options: UpgradeOptions

  /// Describes the work.
  public init(_ set: MigrationSet, _ options: UpgradeOptions) {
    files = set.files
    digest = set.digest.description
    self.options = options
  }
}

/// Work for an agent.
public enum Request: Hashable, Sendable, Codable {
  /// See `Worker.inspect`; answered by an outcome.
  case inspect(path: String)
  /// See `Worker.upgrade`; answered by an outcome.
  case upgrade(path: String, backup: String)
  /// See `Worker.backUp`; answered by an outcome.
  case backUp(path: String, destination: String)
  /// See `Worker.restore`; answered by an outcome.
  case restore(path: String, backup: BackupRecord, saved: String)
  /// See `Worker.rehearse`; answered by an outcome.
  case rehearse(path: String, folder: String)
  /// See `Worker.remove`; answered by done.
  case remove(backups: [String])
  /// See `Worker.backups`; answered by found.
  case backups(name: String, folder: String, runs: [String])
  /// Asks for a backup that is there; answered by pieces, which together are as long as it was made, and done.
  case fetch(BackupRecord)
  /// Brings a backup, whose pieces and `end` follow; answered by done once it is whole under its name.
  case store(BackupRecord)
}

extension Request {
  /// The kind of frame that answers it where it can be done.
  public var answer: Frame.Kind {
    switch self {
    case .inspect, .upgrade, .backUp, .restore, .rehearse: .outcome
    case .backups: .found
    case .remove, .fetch, .store: .done
    }
  }

  /// Whether the agent tells each step of the work.
  public var tellsSteps: Bool {
    switch self {
    case .upgrade, .restore: true
    default: false
    }
  }
}

extension Frame {
  /// A frame whose payload is `value` as JSON.
  public init(_ kind: Kind, _ request: UInt32 = 0, json value: some Encodable) {
    // All messages are made of strings, numbers and lists of these.
    guard let data = try? JSONEncoder().encode(value) else {
      preconditionFailure("a message is always valid JSON")
    }
    self.init(kind, request, Array(data))
  }

  /// The payload as a value.
  ///
  /// - Throws: `WireError.payload` where it is something else, or where an agent's message would take much more memory
  ///   than its bytes.
  public func value<T: Decodable>(_ type: T.Type = T.self) throws(WireError) -> T {
    if kind != .setup, kind != .request, !JSONOutline(payload).isModest { throw .payload(kind) }
    guard let value = try? JSONDecoder().decode(type, from: Data(payload)) else { throw .payload(kind) }
    return value
  }
}
