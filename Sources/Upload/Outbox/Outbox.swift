internal import Basics

/// Reports that wait on the disk until a receiver has accepted them.
///
/// - A report is there whole or not at all, and stays until it was delivered; after a crash between its delivery and
///   its removal it is delivered again, under the same id.
/// - A full outbox refuses the newcomer and says so; it never drops what it holds.
/// - Several processes may use one folder at once.
public struct Outbox: Sendable {
  /// How much may wait.
  public struct Limits: Sendable, Equatable {
    /// The most reports.
    public var count: Int
    /// The most bytes, all reports together.
    public var bytes: Int

    /// Bounds on an outbox.
    public init(count: Int = 100, bytes: Int = 256 << 20) {
      self.count = count
      self.bytes = bytes
    }
  }

  let folder: Folder
  private let limits: Limits

  /// Opens the outbox in the folder at `path`, which is made if it isn't there, for this user only (0700).
  ///
  /// - Throws: `OutboxError` when that can't be done.
  public init(path: String, limits: Limits = Limits()) throws(OutboxError) {
    do {
      folder = try Folder(creating: path)
    } catch {
      throw OutboxError(code: .system, cause: error)
    }
    self.limits = limits
  }

  /// Puts a copy of the file at `path` into the outbox. See `put(_:id:order:)`.
  public func put(
    contentsOf path: String, id: String, order: UInt64? = nil
  ) throws(OutboxError) -> OutboxPlacement {
    let file = try reported { () throws(SystemError) in try OpenFile(reading: path) }
    return try place(file, id: id, order: order)
  }

  /// Puts a report into the outbox.
  ///
  /// When it returns `stored`, the report outlives a crash and a power cut.
  /// - Parameters:
  ///   - bytes: The report.
  ///   - id: What the receiver will know it by.
  ///   - order: Its place; smaller ones are sent first. After all that wait, unless given.
  /// - Returns: Whether it was stored, was there already, or found no room.
  /// - Throws: `OutboxError` when the id isn't allowed, another report waits under it, or the disk doesn't take it.
  public func put(_ bytes: [UInt8], id: String, order: UInt64? = nil) throws(OutboxError) -> OutboxPlacement {
    try place(bytes, id: id, order: order)
  }

  /// The reports that wait, in the order in which they will be sent: those refused before come last.
  public func pending() throws(OutboxError) -> [OutboxEntry] {
    let files = try reported { () throws(SystemError) in try folder.files() }
    return files.compactMap { OutboxEntry(fileName: $0.name, bytes: $0.bytes) }.sorted {
      ($0.rejection == nil ? 0 : 1, $0.order, $0.id) < ($1.rejection == nil ? 0 : 1, $1.order, $1.id)
    }
  }

  /// What the user should know of the outbox before it is full, from four fifths on; nil when there is room.
  public func warning() throws(OutboxError) -> String? {
    let waiting = try pending()
    let bytes = waiting.reduce(0) { $0 + $1.bytes }
    guard waiting.count >= limits.count * 4 / 5 || bytes >= limits.bytes * 4 / 5 else { return nil }
    return """
      \(waiting.count) reports with \(bytes) bytes wait for their upload; at \(limits.count) reports or \
      \(limits.bytes) bytes the outbox is full and takes no more: flotilla report flush sends them
      """
  }

  /// Takes a report out without sending it.
  /// - Returns: Whether it was there.
  @discardableResult
  public func remove(id: String) throws(OutboxError) -> Bool {
    guard let entry = try pending().first(where: { $0.id == id }) else { return false }
    try remove(entry)
    return true
  }

  func remove(_ entry: OutboxEntry) throws(OutboxError) {
    let lock = try lockContents()
    defer { withExtendedLifetime(lock) {} }
    try reported { () throws(SystemError) in try folder.remove(entry.fileName) }
  }

  /// Held while names in the folder change, so that two writers neither take one id nor overlook each other's bytes.
  func lockContents() throws(OutboxError) -> OpenFile? {
    try reported { () throws(SystemError) in try folder.lock(".lock-contents", waits: true) }
  }

  private func place(
    _ report: some ByteSource, id: String, order: UInt64?
  ) throws(OutboxError) -> OutboxPlacement {
    guard ReportID.isValid(id) else { throw OutboxError(code: .id, id: id) }
    let lock = try lockContents()
    defer { withExtendedLifetime(lock) {} }
    try reported { () throws(SystemError) in try folder.removeTemporaries() }

    let waiting = try pending()
    if let known = waiting.first(where: { $0.id == id }) {
      let isSame = try reported { () throws(SystemError) in
        try report.hasSameBytes(as: OpenFile(reading: folder.path(of: known.fileName)))
      }
      guard isSame else { throw OutboxError(code: .conflict, id: id) }
      return .alreadyStored(known)
    }
    let bytes = try reported { () throws(SystemError) in try report.size() }
    let waitingBytes = waiting.reduce(0) { $0 + $1.bytes }
    guard waiting.count < limits.count, waitingBytes + bytes <= limits.bytes else {
      return .refused(
        OutboxFull(id: id, bytes: bytes, waiting: waiting.count, waitingBytes: waitingBytes, limits: limits))
    }
    let next = (waiting.map(\.order).max() ?? 0).addingReportingOverflow(1)
    let place = order ?? (next.overflow ? .max : next.partialValue)
    let entry = OutboxEntry(order: place, id: id, bytes: bytes)
    try reported { () throws(SystemError) in try folder.write(report, as: entry.fileName) }
    return .stored(entry)
  }

  func reported<Result>(_ body: () throws(SystemError) -> Result) throws(OutboxError) -> Result {
    do {
      return try body()
    } catch {
      throw OutboxError(code: .system, cause: error)
    }
  }
}
