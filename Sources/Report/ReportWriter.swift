internal import Basics
public import Fleet
internal import Glibc
internal import SystemPackage

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
      throw ReportError(path, status.st_mode & S_IFMT == S_IFDIR ? .isDirectory : .invalidArgument)
    }
    do throws(SystemError) { _ = try Self.unfinished(path) } catch { throw ReportError(path, error.code) }
  }

  /// Gives the report's text to `body`, piece by piece.
  public func write(as format: ReportFormat = .json, _ body: (String) throws -> Void) throws {
    try format.renderer(content).write(body)
  }

  /// Writes the report to a file, which appears under its name only when it is whole and synced.
  ///
  /// - Throws: `ReportError` when the file can't be written; nothing is left behind.
  public func write(as format: ReportFormat = .json, to path: String) throws {
    do {
      let file = try Self.unfinished(path)
      // Whoever sweeps up after killed runs sees by the lock that this one is being written.
      flock(file.descriptor.rawValue, LOCK_EX)
      try write(as: format) { try file.write($0.utf8) }
      try file.publish(permissions: format.filePermissions)
    } catch let error as SystemError {
      throw ReportError(path, error.code)
    }
  }

  private static func unfinished(_ path: String) throws(SystemError) -> UnfinishedFile {
    try UnfinishedFile(path, temporary: path + ".part")
  }
}

/// A report that can't be written.
public struct ReportError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public let description: String

  init(unknownEndingOf path: String) {
    description =
      "\(path): no report format has this ending; name it \(ReportFormat.usualEndings), or choose with --format"
  }

  init(_ path: String, _ code: Errno) { description = "the report \(path) can't be written: \(code)" }
}
