public import Basics

/// A report in an outbox.
///
/// The name of its file contains all that is known about it, so there is no second file that could disagree:
/// `00000000000000000007-01J….json`, and `00000000000000000007-01J….rejected-400.json` after it was refused.
public struct OutboxEntry: Sendable, Equatable {
  /// Its position; smaller ones are sent first.
  public let order: UInt64
  /// The id under which the receiver knows it.
  public let id: String
  /// The HTTP status with which the receiver refused it, or nil. Refused reports are tried again after all others.
  public internal(set) var rejection: Int?
  /// The size in bytes.
  public let bytes: Int

  /// The name of its file in the outbox.
  public var fileName: String {
    let digits = String(order)
    let place = String(repeating: "0", count: Self.orderDigits - digits.count) + digits
    return "\(place)-\(id)\(rejection.map { ".rejected-\($0)" } ?? "").json"
  }

  private static let orderDigits = 20

  init(order: UInt64, id: String, rejection: Int? = nil, bytes: Int) {
    self.order = order
    self.id = id
    self.rejection = rejection
    self.bytes = bytes
  }

  /// Parses a file name; nil if the file isn't a report of an outbox.
  init?(fileName: String, bytes: Int) {
    let parts = fileName.split(separator: ".", omittingEmptySubsequences: false)
    guard let first = parts.first, let dash = first.firstIndex(of: "-"), parts.last == "json",
      let order = UInt64(first[..<dash])
    else { return nil }
    let id = String(first[first.index(after: dash)...])
    let rejection = parts.count == 3 ? parts[1].split(separator: "-").last.flatMap { Int($0) } : nil
    self.init(order: order, id: id, rejection: rejection, bytes: bytes)
    // Only names in canonical form are accepted, so that no two names mean the same report.
    guard ReportID.isValid(id), self.fileName == fileName else { return nil }
  }
}

/// The result of putting a report into an outbox.
public enum OutboxPlacement: Sendable, Equatable {
  /// It is on disk and survives a power cut.
  case stored(OutboxEntry)
  /// The same report was already there under this id. Nothing was written.
  case alreadyStored(OutboxEntry)
  /// The outbox is full. Nothing was written, and nothing was dropped.
  case refused(OutboxFull)
}

/// A report for which there was no room, and how full the outbox is.
public struct OutboxFull: Sendable, Equatable, CustomStringConvertible {
  /// The report that was refused.
  public let id: String
  /// The size of the report in bytes.
  public let bytes: Int
  /// The number of reports in the outbox.
  public let waiting: Int
  /// Their total size in bytes.
  public let waitingBytes: Int
  /// The limits of the outbox.
  public let limits: Outbox.Limits

  /// One or two sentences for the user.
  public var description: String {
    """
    report \(id) (\(bytes) bytes) was not queued for upload: \(waiting) reports with \(waitingBytes) bytes wait \
    already, and at most \(limits.count) with \(limits.bytes) bytes may; let them be uploaded, or remove some
    """
  }
}

/// The result of one flush of an outbox.
public struct OutboxFlush: Sendable, Equatable {
  /// A report that wasn't delivered, and the reason.
  public struct Refused: Sendable, Equatable {
    /// The report, which is still in the outbox.
    public let entry: OutboxEntry
    /// Why it wasn't delivered.
    public let failure: UploadFailure
  }

  /// The ids of the delivered reports, in the order of delivery. They are no longer in the outbox.
  public internal(set) var delivered: [String] = []
  /// Reports that can't be delivered as they are. They stay, and the next flush tries them again after all others.
  public internal(set) var rejected: [Refused] = []
  /// The failure that ended the flush early; nil if all reports were tried.
  public internal(set) var stopped: Refused?
  /// The number of reports that are still in the outbox.
  public internal(set) var remaining = 0
  /// Whether another process was flushing the outbox, so that nothing was sent.
  public internal(set) var isBusy = false
}

/// Why an outbox can't be used.
public struct OutboxError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of error. Match on this, not on the text.
  public enum Code: String, Sendable {
    /// A file or folder can't be read or written.
    case system
    /// The id isn't allowed in a file name or a header.
    case id
    /// Another report has the same id.
    case conflict
  }

  /// The kind of error.
  public let code: Code
  /// The id of the report in question.
  public var id: String?
  /// The system's error, if the code is `system`.
  public var cause: SystemError?

  /// One sentence for the user.
  public var description: String {
    switch code {
    case .system: cause?.description ?? "the outbox can't be used"
    case .id: "a report's id can't be \(id ?? ""): \(ReportID.rule)"
    case .conflict: "another report with the id \(id ?? "") waits for its upload"
    }
  }
}
