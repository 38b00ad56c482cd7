internal import Basics

/// Reports that are kept on disk until a receiver has accepted them.
///
/// ```swift
/// let outbox = try Outbox(path: ".flotilla/outbox")
/// if case .refused(let full) = try outbox.put(contentsOf: "report.json", id: "01J9ZQ4W0XN6V5T8R2C3B7D1EF") {
///   print(full)
/// }
/// let flush = try outbox.flush(using: uploader)
/// print("\(flush.delivered.count) delivered, \(flush.remaining) remaining")
/// ```
///
/// - A report is either complete or absent, and stays until it is delivered. After a crash between delivery and
///   removal it is delivered again, under the same id.
/// - A full outbox refuses new reports and says so. It never drops the reports that it has.
/// - Several processes may use one folder at once.
///
/// An ``Uploader`` delivers the reports, each of which is an ``OutboxEntry``.
public struct Outbox: Sendable {
  /// The limits of an outbox.
  public struct Limits: Sendable, Equatable {
    /// The maximum number of reports.
    public var count: Int
    /// The maximum total size of the reports in bytes.
    public var bytes: Int

    /// Creates limits.
    public init(count: Int = 100, bytes: Int = 256 << 20) {
      self.count = count
      self.bytes = bytes
    }
  }

  let folder: Folder
  private let limits: Limits

  /// Opens the outbox in the folder at `path`. If the folder doesn't exist, it is created for this user only (0700).
  ///
  /// - Throws: ``OutboxError`` if the folder can't be used.
  public init(path: String, limits: Limits = Limits()) throws(OutboxError) {
    do {
      folder = try Folder(creating: path)
    } catch {
      throw OutboxError(code: .system, cause: error)
    }
    self.limits = limits
  }

  /// Puts a copy of the file at `path` into the outbox. See ``put(_:id:order:)``.
  public func put(
    contentsOf path: String, id: String, order: UInt64? = nil
  ) throws(OutboxError) -> OutboxPlacement {
    let file = try reported { () throws(SystemError) in try OpenFile(reading: path) }
    return try place(file, id: id, order: order)
  }

  /// Puts a report into the outbox.
  ///
  /// When it returns ``OutboxPlacement/stored(_:)``, the report survives a crash and a power cut.
  ///
  /// - Parameters:
  ///   - bytes: The report.
  ///   - id: The id under which the receiver knows the report.
  ///   - order: Its position; smaller ones are sent first. By default it comes after all others.
  /// - Returns: Whether it was stored, was there already, or was refused for lack of room.
  /// - Throws: ``OutboxError`` if the id isn't allowed, if another report has it, or if the disk can't take the
  ///   report.
  public func put(_ bytes: [UInt8], id: String, order: UInt64? = nil) throws(OutboxError) -> OutboxPlacement {
    try place(bytes, id: id, order: order)
  }

  /// The reports in the outbox, in the order in which they will be sent; refused ones come last.
  public func pending() throws(OutboxError) -> [OutboxEntry] {
    let files = try reported { () throws(SystemError) in try folder.files() }
    return files.compactMap { OutboxEntry(fileName: $0.name, bytes: $0.bytes) }.sorted {
      ($0.rejection == nil ? 0 : 1, $0.order, $0.id) < ($1.rejection == nil ? 0 : 1, $1.order, $1.id)
    }
  }

  /// A warning if the outbox is at least four fifths full; nil if it isn't.
  public func warning() throws(OutboxError) -> String? {
    let waiting = try pending()
    let bytes = waiting.reduce(0) { $0 + $1.bytes }
    guard waiting.count >= limits.count * 4 / 5 || bytes >= limits.bytes * 4 / 5 else { return nil }
    return """
      \(waiting.count) reports with \(bytes) bytes wait for their upload; at \(limits.count) reports or \
      \(limits.bytes) bytes the outbox is full and takes no more: flotilla report flush sends them
      """
  }

  /// Removes a report without sending it.
  ///
  /// - Returns: Whether it was in the outbox.
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

  /// A lock for changes of names in the folder, so that two writers neither use the same id nor miss each other's
  /// bytes.
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
