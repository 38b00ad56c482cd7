internal import Basics

/// The formats of migration files that exist.
public enum MigrationFormats {
  /// Flotilla's own format, which is assumed if nothing in a folder tells another.
  public static let standard: any MigrationFormat = FlotillaFormat()

  /// All formats, in the order in which messages name them.
  public static let all: [any MigrationFormat] = [
    standard, GooseFormat(), SQLMigrateFormat(), GolangMigrateFormat(), DbmateFormat(), SQLxFormat(),
    DieselFormat(),
    RefineryFormat(), FlywayFormat(), AtlasFormat(), PrismaFormat(), DrizzleFormat(), D1Format(),
    YoyoFormat(),
    UserVersionFormat(), CustomFormat(),
  ]

  /// The line of a new file that stands for the migration. No command accepts it.
  static let todo = "-- @todo Write the migration here, in place of this line.\n"

  /// The format with that name.
  ///
  /// - Throws: `MigrationError` if there is none.
  static func named(_ name: String) throws(MigrationError) -> any MigrationFormat {
    if let format = all.first(where: { $0.name == name }) { return format }
    let names = all.map(\.name)
    let hint = Suggestion.nearest(to: name, in: names).map { "did you mean \($0)?" }
    throw MigrationError(
      .format, file: name,
      "there is no format of migrations with that name; \(hint ?? "there are \(names.joined(separator: ", "))")"
    )
  }

  /// The format for which the files of a folder were written.
  ///
  /// - Parameters:
  ///   - folder: the folder, for messages.
  ///   - paths: the paths of all files below the folder, sorted.
  ///   - text: returns the content of one of these files.
  /// - Returns: the format, which is the standard one if nothing tells another.
  /// - Throws: `MigrationError` if the files could have been written for several formats.
  static func recognized(
    in folder: String, _ paths: [String], reading text: (String) -> String?
  ) throws(MigrationError) -> any MigrationFormat {
    let found = all.filter { $0.recognizes(paths, reading: text) }
    guard found.count > 1 else { return found.first ?? standard }
    let names = found.map(\.name).joined(separator: " or ")
    throw MigrationError(
      .format, file: folder,
      "these files could be for \(names): say which in fleet.yml, with migrations: { path: …, format: \(found[0].name) }"
    )
  }
}
