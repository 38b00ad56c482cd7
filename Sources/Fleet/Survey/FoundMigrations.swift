public import Migrations

/// What may migrate the databases of an application: a folder of files, or a program.
public enum FoundMigrations: Sendable {
  /// A folder whose files are migrations, or could be.
  case folder(RecognizedFolder)
  /// A program that migrates one database at a time.
  case program(FoundProgram)

  /// The path of the folder, which is that of the program if there is one.
  public var path: String {
    switch self {
    case .folder(let folder): folder.path
    case .program(let program): program.folder
    }
  }

  /// What it is, for people: `goose`, `golang-migrate or sqlx`, `numbered files`, `Django's manage.py`.
  public var kind: String {
    switch self {
    case .folder(let folder) where folder.formats.isEmpty: "numbered files"
    case .folder(let folder): folder.formats.map(\.name).joined(separator: " or ")
    case .program(let program): program.title
    }
  }

  /// What a folder holds that the user has named.
  ///
  /// - Returns: the program or the files in the folder; else what is found below it; else the folder, which is empty.
  /// - Throws: `SurveyError` if there are several, or if nothing in it is a migration.
  public static func named(_ path: String) throws(SurveyError) -> FoundMigrations {
    if let program = FoundProgram(in: path) { return .program(program) }
    let folder: RecognizedFolder
    do throws(MigrationError) {
      folder = try RecognizedFolder(path)
    } catch {
      throw SurveyError("\(error)")
    }
    if folder.hasOwnFiles || folder.hasInnerFiles || folder.isNumbered { return .folder(folder) }
    let search = MigrationsSearch(below: path)
    if search.found.count == 1 { return search.found[0] }
    guard search.found.isEmpty else { throw search.several }
    guard !folder.hasScripts else {
      throw SurveyError(
        "\(path): the names of its files don't begin with numbers, so their order is not known: name the folder of "
          + "migrations, or rename the files as docs/migrations.md says")
    }
    return .folder(folder)
  }
}
