internal import Basics
internal import Glibc
public import Migrations
internal import SQLite

/// The steps of the work on one installation. A failure names the step that it happened in.
public enum UpgradeStep: String, Sendable, Codable {
  /// The hook before the upgrade.
  case before
  /// Locating and opening the file.
  case open
  /// Waiting for the write lock.
  case lock
  /// Reading versions and schema.
  case inspect
  /// Copying the database and checking the copy.
  case backUp = "back up"
  /// Running the migrations.
  case migrate
  /// Recording migrations without running them.
  case record
  /// Checking the result, inside the transaction.
  case prove
  /// Committing the transaction.
  case commit
  /// Writing a backup into the live file.
  case restore
  /// The hook after the upgrade.
  case after
}

/// Why the work on one installation ended early, and in which step.
///
/// ```swift
/// let outcome = worker.upgrade(path, backup: backup)
/// if let failure = outcome.failure, failure.code == .diskFull {
///   print("\(failure.step.rawValue): \(failure.message); \(failure.advice(for: ["hq"]))")
/// }
/// ```
///
/// A failure is a value in an ``Outcome``. It never ends the run. See also ``Code`` and ``UpgradeStep``.
public struct Failure: Error, Hashable, Sendable, Codable {
  /// The kind of failure, for code that reacts to it.
  public let code: Code
  /// The step that failed.
  public let step: UpgradeStep
  /// What happened, for people.
  public private(set) var message: String
  /// What has to be corrected; nil if it is neither a migration nor the database's content, or if it isn't known.
  public let fault: Fault?
  /// The files of the migrations that failed or that caused the failure; empty if no migration did, or if it isn't
  /// known which one.
  public let files: [String]

  /// Creates a failure.
  public init(
    code: Code, step: UpgradeStep, message: String, fault: Fault? = nil, files: [String] = []
  ) {
    self.code = code
    self.step = step
    self.message = message
    self.fault = fault
    self.files = files
  }

  /// The same failure with another message.
  public func saying(_ message: String) -> Failure {
    var failure = self
    failure.message = message
    return failure
  }

  enum CodingKeys: String, CodingKey {
    case code, step, message, files
    case fault = "at_fault"
  }

  /// Decodes the value. `at_fault` and `files` may be missing. A fault that this version doesn't know counts as nil.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      code: try fields.decode(Code.self, forKey: .code),
      step: try fields.decode(UpgradeStep.self, forKey: .step),
      message: try fields.decode(String.self, forKey: .message),
      fault: try fields.decodeIfPresent(String.self, forKey: .fault).flatMap(Fault.init(rawValue:)),
      files: try fields.decodeIfPresent([String].self, forKey: .files) ?? [])
  }

  /// Encodes the value, without `at_fault` and `files` if there are none.
  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(code, forKey: .code)
    try fields.encode(step, forKey: .step)
    try fields.encode(message, forKey: .message)
    try fields.encodeIfPresent(fault, forKey: .fault)
    if !files.isEmpty { try fields.encode(files, forKey: .files) }
  }
}

extension Failure: CustomStringConvertible {
  /// The step and the message.
  public var description: String { "\(step.rawValue): \(message)" }
}

extension Failure {
  init(_ trouble: DatabaseFile.TroubleError) {
    let code: Code =
      switch trouble.trouble {
      case .missing: .missing
      case .notAFile: .notAFile
      case .empty: .empty
      case .truncated: .truncated
      case .obstructed: .obstructed
      case .notADatabase: .notADatabase
      case .refused(EACCES), .refused(EPERM): .permission
      case .refused: .io
      }
    self.init(code: code, step: .open, message: trouble.description)
  }

  /// Converts any error into a failure; `step` applies if the error itself doesn't determine the step.
  init(_ error: any Error, at step: UpgradeStep) {
    switch error {
    case let failure as Failure: self = failure
    case let trouble as DatabaseFile.TroubleError: self.init(trouble)
    case let error as SQLiteError:
      self.init(code: Self.code(of: error), step: step, message: error.description)
    case let failure as MigrationFailure:
      let code = failure.underlying.map(Self.code(of:)) ?? Self.code(of: failure.code)
      let proofs: [MigrationFailure.Code] = [
        .rowsLost, .expectation, .contentChanged, .sequenceSetBack, .history,
      ]
      let isProof = proofs.contains(failure.code)
      self.init(
        code: code, step: isProof ? .prove : step, message: failure.description, fault: failure.fault,
        files: [failure.file])
    case let error as LogFrames.Unreadable:
      self.init(code: .backup, step: step, message: "the database can't be copied: \(error)")
    case let error as SystemError:
      let failure = BackupWriter.failure("can't \(error.call) \(error.path)", error.code)
      self.init(code: failure.code, step: step, message: failure.message)
    default: self.init(code: .internalError, step: step, message: "\(error)")
    }
  }

  /// One failure for all effects that migrations don't declare; nil if there are none. Each of `undeclared` is about
  /// one migration.
  init?(undeclared: [MigrationFailure]) {
    guard let first = undeclared.first else { return nil }
    self.init(
      code: Self.code(of: first.code), step: .prove,
      message: undeclared.map(\.description).joined(separator: "; "), fault: .migration,
      files: undeclared.map(\.file))
  }

  private static func code(of code: MigrationFailure.Code) -> Code {
    switch code {
    case .sql: .sql
    case .requirement: .requirement
    case .expectation: .expectation
    case .rowsLost: .rowsLost
    case .contentChanged: .contentChanged
    case .sequenceSetBack: .sequenceSetBack
    case .history: .history
    case .timeout: .timeout
    }
  }

  private static func code(of error: SQLiteError) -> Code {
    switch error.systemError {
    case EACCES, EPERM: return .permission
    case EROFS: return .readOnly
    case ENOSPC, EDQUOT: return .diskFull
    default: break
    }
    if error.code == .readOnlyFolder { return .permission }
    return switch error.code.primary {
    case .busy, .locked: .busy
    case .readOnly: .readOnly
    case .interrupt: .timeout
    case .abort: .transactionLost
    case .corrupt: .corrupt
    case .notADatabase: .notADatabase
    case .full: .diskFull
    case .tooBig: .tooBig
    case .noMemory: .outOfMemory
    case .error, .constraint, .mismatch, .notAuthorized: .sql
    default: .io
    }
  }
}
