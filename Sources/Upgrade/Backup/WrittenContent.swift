internal import Migrations
internal import SQLite

/// The content that SQLite's backup API has written into a live file.
///
/// SQLite releases the lock when it completes a copy, so an application may have written since. Its rows can't be told
/// from a bad copy. It then remains to verify that the file is intact and has the intended history.
struct WrittenContent {
  /// A connection to the live file, in a read transaction.
  let database: Connection
  /// The database whose content was written.
  let source: Connection
  /// Whether another connection has written to the live file since.
  let isChangedByOthers: Bool

  /// Compares the content with that of the source.
  ///
  /// - Parameters:
  ///   - table: the table whose history has to be the same even if others have written.
  ///   - subject: what was written, for messages.
  /// - Returns: what differs; nil if nothing does, or if what others wrote explains it.
  /// - Throws: `Failure` with code `corrupt` if the live file is damaged; `SQLiteError`.
  func difference(_ table: any HistoryTable, _ subject: String) throws -> String? {
    guard let difference = try ContentComparison(one: database, other: source).firstDifference() else {
      return nil
    }
    guard isChangedByOthers, try table.read(database) == table.read(source) else { return difference }
    try BackupWriter.checkIntegrity(database, "integrity_check", of: subject)
    return nil
  }
}
