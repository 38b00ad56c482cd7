internal import Basics
public import Fleet
internal import Glibc
internal import SystemPackage

/// Writes a report in any of its formats, one installation at a time, so that memory doesn't grow with the fleet.
///
/// ```swift
/// let writer = ReportWriter(journal, run, header: try header.json())
/// try writer.write(to: "report.json")
/// try writer.write(as: .html, to: "report.html")
/// try writer.write(as: .markdown) { print($0, terminator: "") }
/// ```
///
/// See ``ReportContent`` for what a report consists of, and ``ReportFormat`` for the formats.
public struct ReportWriter {
  private let content: ReportContent

  /// Creates a writer.
  public init(_ content: ReportContent) { self.content = content }

  /// Creates a writer for the report of a run.
  ///
  /// - Parameters:
  ///   - journal: the journal with the installations' records.
  ///   - run: the run.
  ///   - header: the result of ``ReportHeader/json()``.
  public init(_ journal: Journal, _ run: RunID, header: String) {
    content = ReportContent(
      header: header, past: { try ReportContent.Past(journal, of: run) },
      records: { try journal.forEachRecord(of: run, $0) })
  }

  /// Checks that a report can be written to a file, without changing the file.
  ///
  /// - Throws: ``ReportError`` if the folder doesn't exist or isn't writable, or if the path isn't a regular file: a
  ///   report replaces the file with its name.
  public static func check(_ path: String) throws(ReportError) {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      throw ReportError(path, status.st_mode & S_IFMT == S_IFDIR ? .isDirectory : .invalidArgument)
    }
    do throws(SystemError) { _ = try Self.unfinished(path) } catch { throw ReportError(path, error.code) }
  }

  /// Passes the text of the report to `body`, piece by piece.
  public func write(as format: ReportFormat = .json, _ body: (String) throws -> Void) throws {
    try format.renderer(content).write(body)
  }

  /// Writes the report to a file, which appears under its name only when it is complete and synced.
  ///
  /// - Throws: ``ReportError`` if the file can't be written; no file is left behind.
  public func write(as format: ReportFormat = .json, to path: String) throws {
    do {
      let file = try Self.unfinished(path)
      // The lock shows the cleanup after killed runs that this file is still being written.
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

/// A report can't be written.
public struct ReportError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong, in one sentence.
  public let description: String

  init(unknownEndingOf path: String) {
    description =
      "\(path): no report format has this ending; name it \(ReportFormat.usualEndings), or choose with --format"
  }

  init(_ path: String, _ code: Errno) { description = "the report \(path) can't be written: \(code)" }
}
