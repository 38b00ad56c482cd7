public import Basics

/// A report that waits in an outbox.
///
/// All that is known of it stands in its file's name, so that no second file can disagree:
/// `00000000000000000007-01J….json`, and `00000000000000000007-01J….rejected-400.json` once it was refused.
public struct OutboxEntry: Sendable, Equatable {
  /// Its place: smaller ones are sent first.
  public let order: UInt64
  /// What the receiver knows it by.
  public let id: String
  /// The status with which the receiver refused it, if it did. It is tried again after all others.
  public internal(set) var rejection: Int?
  /// Its size.
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

  /// Reads a file's name; nil for a file that isn't a report of ours.
  init?(fileName: String, bytes: Int) {
    let parts = fileName.split(separator: ".", omittingEmptySubsequences: false)
    guard let first = parts.first, let dash = first.firstIndex(of: "-"), parts.last == "json",
      let order = UInt64(first[..<dash])
    else { return nil }
    let id = String(first[first.index(after: dash)...])
    let rejection = parts.count == 3 ? parts[1].split(separator: "-").last.flatMap { Int($0) } : nil
    self.init(order: order, id: id, rejection: rejection, bytes: bytes)
    // Only the name that would be written is read, so that no two names mean one report.
    guard ReportID.isValid(id), self.fileName == fileName else { return nil }
  }
}

/// What became of a report that was put into an outbox.
public enum OutboxPlacement: Sendable, Equatable {
  /// It is on the disk, and will be there after a power cut.
  case stored(OutboxEntry)
  /// The same report was already there under this id; nothing was written.
  case alreadyStored(OutboxEntry)
  /// The outbox is full. Nothing was written and nothing was thrown away.
  case refused(OutboxFull)
}

/// A report for which there was no room, with what is in its way.
public struct OutboxFull: Sendable, Equatable, CustomStringConvertible {
  /// The report that was refused.
  public let id: String
  /// Its size.
  public let bytes: Int
  /// How many reports wait already.
  public let waiting: Int
  /// Their bytes together.
  public let waitingBytes: Int
  /// The bounds.
  public let limits: Outbox.Limits

  /// One or two sentences for the user.
  public var description: String {
    """
    report \(id) (\(bytes) bytes) was not queued for upload: \(waiting) reports with \(waitingBytes) bytes wait \
    already, and at most \(limits.count) with \(limits.bytes) bytes may; let them be uploaded, or remove some
    """
  }
}

/// What one flush of an outbox did.
public struct OutboxFlush: Sendable, Equatable {
  /// A report and what became of it.
  public struct Refused: Sendable, Equatable {
    /// The report, which is still in the outbox.
    public let entry: OutboxEntry
    /// Why it wasn't delivered.
    public let failure: UploadFailure
  }

  /// Ids of the reports that were delivered, in the order of delivery. They have left the outbox.
  public internal(set) var delivered: [String] = []
  /// Reports that can't be delivered as they are. They stay, and are tried again by the next flush, after all others.
  public internal(set) var rejected: [Refused] = []
  /// What ended the flush before all were tried. Nil when all were.
  public internal(set) var stopped: Refused?
  /// How many reports are in the outbox now.
  public internal(set) var remaining = 0
  /// Whether another process was at it, so that nothing was done here.
  public internal(set) var isBusy = false
}

/// Why an outbox can't be used.
public struct OutboxError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong, to match on.
  public enum Code: String, Sendable {
    /// A file or folder can't be read or written.
    case system
    /// The id can't be a file's name or a header.
    case id
    /// Another report waits under the same id.
    case conflict
  }

  /// What is wrong.
  public let code: Code
  /// The id of the report in question.
  public var id: String?
  /// The system's error, with code `system`.
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
