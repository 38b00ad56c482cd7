public import Fleet
internal import Glibc

/// Writes a report as JSON, an installation at a time, so that memory doesn't grow with the fleet.
public struct ReportWriter {
  private let journal: Journal
  private let run: RunID
  private let header: String

  /// Prepares the report of a run.
  ///
  /// - Parameters:
  ///   - journal: has the installations' records.
  ///   - run: the run.
  ///   - header: what `ReportHeader.json()` gave.
  public init(_ journal: Journal, _ run: RunID, header: String) {
    self.journal = journal
    self.run = run
    self.header = header
  }

  /// Gives the report's text to `body`, piece by piece.
  public func write(_ body: (String) throws -> Void) throws {
    try body(header.dropLast() + ",\"installations\":[")
    var separator = "\n"
    try journal.forEachRecord(of: run) { record in
      try body(separator + record)
      separator = ",\n"
    }
    try body("\n]}\n")
  }

  /// Writes the report to a file, which appears under its name only when it is whole and synced.
  ///
  /// - Throws: `ReportError` when the file can't be written; nothing is left behind.
  public func write(to path: String) throws {
    let temporary = path + ".part"
    unlink(temporary)
    let descriptor = open(temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
    guard descriptor >= 0, let file = fdopen(descriptor, "w") else { throw ReportError(path, errno) }
    do {
      defer { fclose(file) }
      try write { text in
        guard fputs(text, file) >= 0 else { throw ReportError(path, errno) }
      }
      guard fflush(file) == 0, fsync(descriptor) == 0 else { throw ReportError(path, errno) }
    } catch {
      unlink(temporary)
      throw error
    }
    guard rename(temporary, path) == 0 else { throw ReportError(path, errno) }
    let parent = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    let folder = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw ReportError(path, errno) }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw ReportError(path, errno) }
  }
}

/// A report that can't be written.
public struct ReportError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public let description: String

  init(_ path: String, _ code: Int32) {
    description =
      "the report \(path) can't be written" + (strerror(code).map { ": " + String(cString: $0) } ?? "")
  }
}
