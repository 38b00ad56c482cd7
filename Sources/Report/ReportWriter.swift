internal import Basics
public import Fleet
internal import Glibc

/// Writes a report in any of its formats, an installation at a time, so that memory doesn't grow with the fleet.
public struct ReportWriter {
  private let content: ReportContent

  /// Prepares a report.
  public init(_ content: ReportContent) { self.content = content }

  /// Prepares the report of a run.
  ///
  /// - Parameters:
  ///   - journal: has the installations' records.
  ///   - run: the run.
  ///   - header: what `ReportHeader.json()` gave.
  public init(_ journal: Journal, _ run: RunID, header: String) {
    content = ReportContent(
      header: header, past: { try ReportContent.Past(journal, of: run) },
      records: { try journal.forEachRecord(of: run, $0) })
  }

  /// Looks whether a report can be written to a file, without changing it.
  ///
  /// - Throws: `ReportError` where its folder isn't there or takes no file, or where it is no regular file: a report
  ///   takes the place of what has its name.
  public static func check(_ path: String) throws(ReportError) {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      throw ReportError(path, status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL)
    }
    let temporary = path + ".part"
    unlink(temporary)
    let descriptor = open(temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw ReportError(path, errno) }
    close(descriptor)
    unlink(temporary)
  }

  /// Gives the report's text to `body`, piece by piece.
  public func write(as format: ReportFormat = .json, _ body: (String) throws -> Void) throws {
    try format.renderer(content).write(body)
  }

  /// Writes the report to a file, which appears under its name only when it is whole and synced.
  ///
  /// - Throws: `ReportError` when the file can't be written; nothing is left behind.
  public func write(as format: ReportFormat = .json, to path: String) throws {
    let temporary = path + ".part"
    unlink(temporary)
    let descriptor = open(temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
    guard descriptor >= 0, let file = fdopen(descriptor, "w") else { throw ReportError(path, errno) }
    // Whoever sweeps up after killed runs sees by the lock that this one is being written.
    flock(descriptor, LOCK_EX)
    do {
      defer { fclose(file) }
      try write(as: format) { text in
        var text = text
        let isWritten = text.withUTF8 { fwrite($0.baseAddress, 1, $0.count, file) == $0.count }
        guard isWritten else { throw ReportError(path, errno) }
      }
      guard fflush(file) == 0, fchmod(descriptor, format.fileMode) == 0, fsync(descriptor) == 0 else {
        throw ReportError(path, errno)
      }
    } catch {
      unlink(temporary)
      throw error
    }
    guard rename(temporary, path) == 0 else {
      let cause = errno
      unlink(temporary)
      throw ReportError(path, cause)
    }
    let parent = parentFolder(of: path)
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

  init(unknownEndingOf path: String) {
    description =
      "\(path): no report format has this ending; name it .json, .html, .md, .csv, .prom or .xml, or choose with --format"
  }

  init(_ path: String, _ code: Int32) {
    description =
      "the report \(path) can't be written" + (strerror(code).map { ": " + String(cString: $0) } ?? "")
  }
}
