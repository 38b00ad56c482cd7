internal import Basics

extension Outbox {
  /// Sends what waits, oldest first, and removes each report when it is delivered.
  ///
  /// A report that the receiver refuses for good stays, is marked, and doesn't hold up the others. What would befall
  /// the next report too (no connection, a receiver in trouble, a certificate or a token that isn't accepted) ends
  /// the flush.
  /// - Throws: `OutboxError` when the folder can't be read or a delivered report can't be removed. It is sent again
  ///   then, under its id.
  public func flush(using uploader: Uploader) throws(OutboxError) -> OutboxFlush {
    try flush { uploader.deliver(file: $0, id: $1) }
  }

  func flush(
    delivering deliver: (_ file: String, _ id: String) -> Delivery
  ) throws(OutboxError) -> OutboxFlush {
    var result = OutboxFlush()
    // Two at once would send every report twice.
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

  /// Renames a report that was refused, so that it is known as such from now on.
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
