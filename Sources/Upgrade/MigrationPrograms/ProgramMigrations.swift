internal import Basics
public import Migrations
internal import SQLite
public import Schema

/// Finds out what a migration program makes of an empty database.
public enum ProgramMigrations {
  /// Runs the program on an empty database, and takes what it recorded there as the migrations.
  ///
  /// - Parameters:
  ///   - folder: the settings, with the program.
  ///   - ignored: the schema objects that don't count.
  ///   - copies: a folder for the empty database. It is created, and removed with it.
  ///   - time: how long the program may take.
  /// - Returns: a set whose migrations have no statements.
  /// - Throws: `MigrationError` if the program fails, or records nothing where its format says.
  public static func load(
    _ folder: MigrationFolder, ignoring ignored: [IgnoreRule], in copies: String, within time: Duration
  ) throws(MigrationError) -> MigrationSet {
    guard let program = folder.program, let table = ProgramHistoryTable(program, ignoring: ignored) else {
      throw MigrationError(.format, file: folder.path, "there is no program that migrates")
    }
    do {
      let copies = try CopyFolder(copies)
      defer { copies.remove() }
      let path = "\(copies.path)/empty.sqlite"
      try BackupWriter.create(path)
      try MigratorProcess(program: program).run(on: path, within: time)
      let database = try Connection(path: path, access: .readWrite)
      defer { database.close() }
      let history = try table.read(database)
      guard history.recorded?.isEmpty == false else {
        throw MigrationError(
          .format, file: folder.path,
          "of an empty database the program made one without \(program.format == ProgramHistory.schema.rawValue ? "a table" : "a history of \(program.format)"): "
            + "look at 'format', 'env' and {path} in fleet.yml")
      }
      return MigrationSet(folder, table, history, try MadeSchema(of: database))
    } catch let error as MigrationError {
      throw error
    } catch {
      throw MigrationError(
        .format, file: folder.path, "on an empty database: \(Failure(error, at: .migrate).message)")
    }
  }
}
