internal import Basics

extension Outbox {
  /// Sends the reports, oldest first, and removes each one when it is delivered.
  ///
  /// If the receiver refuses a report for good, the report is marked and kept, and the others are still sent. A
  /// failure that would also affect the next report ends the flush: no connection, an error of the receiver, or a
  /// certificate or a token that isn't accepted.
  ///
  /// - Throws: ``OutboxError`` if the folder can't be read, or if a delivered report can't be removed. Such a report
  ///   is sent again later, under the same id.
  public func flush(using uploader: Uploader) throws(OutboxError) -> OutboxFlush {
    try flush { uploader.deliver(file: $0, id: $1) }
  }

  func flush(
    delivering deliver: (_ file: String, _ id: String) -> Delivery
  ) throws(OutboxError) -> OutboxFlush {
    var result = OutboxFlush()
    // Two flushes at once would send every report twice.
    let lock = try reported { () throws(SystemError) in try folder.lock(".lock-flush", waits: false) }
    defer { withExtendedLifetime(lock) {} }
    guard lock != nil else {
      result.isBusy = true
      result.remaining = try pending().count
      return result
    }
    for entry in try pending() where result.stopped == nil {
      switch deliver(folder.path(of: entry.fileName), entry.id) {
      case .delivered:
        try remove(entry)
        result.delivered.append(entry.id)
      case .undelivered(let failure) where failure.concernsOnlyThisReport:
        result.rejected.append(.init(entry: try mark(entry, failure), failure: failure))
      case .undelivered(let failure):
        result.stopped = .init(entry: entry, failure: failure)
      }
    }
    result.remaining = try pending().count
    return result
  }

  /// Renames a refused report, so that its name says that it was refused.
  private func mark(_ entry: OutboxEntry, _ failure: UploadFailure) throws(OutboxError) -> OutboxEntry {
    guard failure.code == .rejected, let status = failure.status, status != entry.rejection else {
      return entry
    }
    var marked = entry
    marked.rejection = status
    let lock = try lockContents()
    defer { withExtendedLifetime(lock) {} }
    try reported { () throws(SystemError) in try folder.rename(entry.fileName, to: marked.fileName) }
    return marked
  }
}
