internal import Migrations
internal import SQLite
internal import Upgrade

/// What a database records, read with the history tables of several formats.
struct DatabaseLook {
  /// The path of the database.
  let path: String
  /// The histories, in the order of the tables; empty if the database can't be read.
  let histories: [History]
  /// Whether the database has any table.
  let hasTables: Bool
  /// A table of the application's own that may be the history, and how many migrations it records.
  let custom: (table: CustomTable, count: Int)?
  /// Why the database can't be read; nil if it can.
  let problem: String?

  /// How many databases are read. Of more, a sample is taken.
  static let most = 300

  private static let reader = DatabaseReader(busyTimeout: .seconds(5))

  /// Reads a database without changing it.
  ///
  /// - Parameters:
  ///   - path: the path.
  ///   - tables: the history tables to look for.
  ///   - numbered: the migrations for which a table of the application's own is looked for.
  init(_ path: String, _ tables: [any HistoryTable], numbered: [Migration]) {
    self.path = path
    do throws(Failure) {
      let found = try Self.reader.read(path, within: .seconds(10)) { database in
        let count = try database.scalar(
          "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite#_%' ESCAPE '#'")
        let histories = try tables.map { try $0.read(database) }
        let custom = numbered.isEmpty ? nil : try CustomTable.find(in: database, recording: numbered)
        return (histories, count?.integer ?? 0, custom)
      }
      (histories, hasTables, custom, problem) = (found.0, found.1 > 0, found.2, nil)
    } catch {
      (histories, hasTables, custom, problem) = ([], true, nil, error.message)
    }
  }

  /// Databases evenly chosen from these; all if there are few.
  static func sample(of paths: [String]) -> [String] {
    guard paths.count > most else { return paths }
    return (0..<most).map { paths[$0 * paths.count / most] }
  }

  /// The table of another tool that holds the history; nil if one of the tables has been read, or if there is none.
  var foreign: ForeignHistory? {
    guard !histories.contains(where: { $0.recorded != nil }) else { return nil }
    return histories.lazy.compactMap(\.foreign).first { $0.userVersion == nil }
  }
}
