internal import Basics
internal import Glibc
public import Migrations

/// A program that migrates databases, recognized by its files: Django's `manage.py`, or Alembic by its `alembic.ini`.
///
/// ```swift
/// if let program = FoundProgram(in: "/srv/shop") {
///   print(program.title, program.variables)
/// }
/// ```
public struct FoundProgram: Sendable {
  /// Where the program records what it has applied.
  public let history: ProgramHistory
  /// The folder in which it runs.
  public let folder: String
  /// The variables of its environment from which its settings may take the database, sorted.
  public let variables: [String]

  /// Looks for such a program; nil if there is none in the folder itself.
  ///
  /// - Parameter folder: the path of a folder.
  public init?(in folder: String) {
    if let text = Self.text("\(folder)/manage.py"), text.contains("django") {
      history = .django
    } else if Self.text("\(folder)/alembic.ini") != nil {
      history = .alembic
    } else {
      return nil
    }
    self.folder = folder
    variables = Self.variables(in: Self.settings(in: folder, history)).sorted()
  }

  /// The program's name, for people.
  public var title: String { history == .django ? "Django's manage.py" : "Alembic" }

  /// The command for fleet.yml.
  ///
  /// - Throws: `SurveyError` if it isn't known how the program is told which database to migrate. Run all the same, it
  ///   would migrate the one that its settings name.
  public func program() throws(SurveyError) -> MigrationProgram {
    guard variables.count == 1 else { throw unknownDatabase }
    let isAddress = ["URL", "URI"].contains { variables[0].uppercased().hasSuffix($0) }
    var program = MigrationProgram(arguments, in: folder)
    program.environment = [variables[0]: isAddress ? "sqlite:///{path}" : "{path}"]
    program.format = history.rawValue
    return program
  }

  private var arguments: [String] {
    let virtual = [".venv/bin/python3", "venv/bin/python3"].map { "\(folder)/\($0)" }
    let python = virtual.first { access($0, X_OK) == 0 } ?? "python3"
    return history == .django
      ? [python, "manage.py", "migrate", "--noinput"] : [python, "-m", "alembic", "upgrade", "head"]
  }

  private var unknownDatabase: SurveyError {
    let (place, ending) = history == .django ? ("its settings", "") : ("its env.py", "s")
    let sample =
      history == .django
      ? "\"NAME\": os.environ.get(\"DATABASE\", BASE_DIR / \"db.sqlite3\")"
      : "url = \"sqlite:///\" + os.environ[\"DATABASE\"]"
    let found =
      variables.isEmpty
      ? "\(place) take\(ending) no database from the environment"
      : "\(place) read\(ending) \(variables.joined(separator: ", "))"
    return SurveyError(
      "\(folder): \(title) has to be told which database to migrate, or it would migrate the one in its settings, and "
        + "\(found). Let the settings take the database from one variable, such as \(sample), and run this again; or "
        + "write fleet.yml by hand, as docs/migrations.md says under \"Programs that migrate\"")
  }

  // MARK: Settings

  /// The texts of the files that may name the database.
  private static func settings(in folder: String, _ history: ProgramHistory) -> [String] {
    var folders = [folder]
    var texts: [String] = []
    for _ in 0...2 {
      for folder in folders {
        for name in (try? namesInFolder(folder)) ?? [] where name.hasSuffix(".py") {
          let isSettings = name.hasPrefix("settings") || fileName(of: folder) == "settings"
          let isConfiguration = history == .alembic && (name == "env.py" || name.hasPrefix("config"))
          guard isSettings || isConfiguration, let text = text("\(folder)/\(name)") else { continue }
          texts.append(text)
        }
      }
      folders = folders.flatMap { folder in
        let names = ((try? namesInFolder(folder)) ?? []).filter { !$0.hasPrefix(".") && !$0.contains(".") }
        return names.filter { !MigrationsSearch.skipped.contains($0) }.map { "\(folder)/\($0)" }
      }
    }
    return texts
  }

  /// The names of the variables that are read in these texts and that sound like a database.
  private static func variables(in texts: [String]) -> Set<String> {
    var names: Set<String> = []
    for line in texts.joined(separator: "\n").split(whereSeparator: \.isNewline) {
      if line.drop(while: \.isWhitespace).hasPrefix("#") { continue }
      for match in line.matches(
        of: /(?:environ(?:\.get)?\s*[\[(]|getenv\s*\(|\benv(?:\.\w+)?\s*\()\s*["'](\w+)["']/)
      {
        let name = String(match.output.1)
        if name.wholeMatch(of: /(?i)(?:\w+_)?(?:DATABASE|DB|SQLITE)(?:_(?:URL|URI|PATH|NAME|FILE))?/) != nil {
          names.insert(name)
        }
      }
      // These take the address from DATABASE_URL unless they are told another name.
      if line.firstMatch(of: /dj_database_url\.config\(|\benv\.db(?:_url)?\(\s*\)/) != nil {
        names.insert("DATABASE_URL")
      }
    }
    return names
  }

  /// The text of a file of at most a megabyte; nil if there is none.
  private static func text(_ path: String) -> String? {
    guard let file = try? OpenFile(reading: path), let bytes = try? file.readAll(limit: 1 << 20) else {
      return nil
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
