internal import Basics
internal import Migrations

/// Writes the text of a new fleet file, with comments that explain the keys.
struct FleetFileText {
  /// The folder of the file; absolute.
  let folder: String
  let survey: Survey
  let entries: [InstallationDraft]

  /// `path` as it is written in a file in `folder`: relative if it leads into the folder.
  static func relative(_ path: String, to folder: String) -> String {
    if path == folder { return "" }
    let start = folder == "/" ? "/" : folder + "/"
    guard path.hasPrefix(start) else { return path }
    return String(Substring(path.utf8.dropFirst(start.utf8.count)))
  }

  private func written(_ path: String) -> String {
    let path = Self.relative(path, to: folder)
    return YAMLScalar.written(path.isEmpty ? "." : path.hasPrefix("~") ? "./" + path : path)
  }

  var text: String {
    """
    # A fleet of SQLite databases: where they are, which migrations they get, and how a rollout proceeds.
    # Relative paths start from the folder of this file. docs/fleet.md explains all keys.

    # The name of the fleet in plans and reports.
    fleet: \(YAMLScalar.written(name))

    \(migrations)
    \(baseline)
    \(installations)

    # How "flotilla migrate" proceeds: first with one database, then with a tenth of all, then with the rest.
    # A wave starts only after the one before has succeeded.
    rollout:
      waves: [1, 10%, 100%]
      # How many databases are worked on at once.
      concurrency: 8
      # How many databases of a wave may fail before no more are started: a number, or a share such as 5%.
      max_failures: 0

    # Programs to run before and after the upgrade of each database, for example to stop the application:
    # hooks: { before: [systemctl, stop, shop], after: [systemctl, start, shop] }

    # Where reports are sent:
    # report: { url: "https://reports.example.net/fleets", token_file: /etc/flotilla/token }

    """
  }

  private var name: String {
    let name = fileName(of: folder)
    return name.isEmpty || name.hasControlCharacter || name.contains("${") ? "fleet" : name
  }

  // MARK: Migrations

  /// The key for databases whose first tables no migration makes, as a comment. A program has none.
  private var baseline: String {
    guard survey.migrations.program == nil else { return "" }
    return """

      # SQL that makes what the first migration expects, if no migration does. It runs first, and only on databases
      # without a history:
      # baseline: baseline.sql

      """
  }

  private var migrations: String {
    if let program = survey.migrations.program { return self.program(program) }
    let settings = survey.migrations
    var lines = [
      "# The folder with the migrations, and their format: whose rules for files they follow, and in which table a",
      "# database records them. Here that is \(survey.history.harmless()).",
      "migrations:",
      "  path: \(written(settings.path))",
      "  format: \(settings.format ?? MigrationFormats.standard.name)",
    ]
    guard settings.format == "custom", let table = settings.table else {
      return lines.joined(separator: "\n")
    }
    lines += [
      "  # The application's own table, with one row for each migration.",
      "  table: \(YAMLScalar.written(table))",
      "  # What its columns hold.",
      "  columns: \(mapping(settings.columns))",
    ]
    if !settings.values.isEmpty {
      lines += ["  # What new rows get in other columns.", "  values: \(mapping(settings.values))"]
    }
    return lines.joined(separator: "\n")
  }

  private func program(_ program: MigrationProgram) -> String {
    let name = program.arguments[0]
    let words = [name.contains("/") ? written(name) : name] + program.arguments.dropFirst()
    var lines = [
      "# The program that migrates a database. It only ever runs on private copies: {path} stands for the copy, and the",
      "# application has to take the database from this variable.",
      "migrations:",
      "  run: [\(words.joined(separator: ", "))]",
      "  env: \(mapping(program.environment))",
    ]
    if program.folder != folder {
      lines += ["  # The folder in which it runs.", "  path: \(written(program.folder))"]
    }
    lines += [
      "  # Where it records what it has applied: \(survey.history).", "  format: \(program.format)",
      "  # Tables that may lose rows, and columns that may be dropped:",
      "  # deletes: [sessions, orders.total]",
    ]
    return lines.joined(separator: "\n")
  }

  private func mapping(_ values: [String: String]) -> String {
    let pairs = values.sorted { $0.key < $1.key }.map { key, value in
      "\(YAMLScalar.written(key)): \(YAMLScalar.written(value))"
    }
    return "{ \(pairs.joined(separator: ", ")) }"
  }

  // MARK: Installations

  private var installations: String {
    var lines = [
      "# The databases. A pattern finds all files that match, also those that are added later. Each database has an id",
      "# that must not change, since its backups and its history belong to the id.",
    ]
    if entries.isEmpty {
      lines += [
        "# This entry is only an example, since no database was found: change it. One on a host would be",
        "#   - { id: berlin, host: berlin.example.net, path: /srv/shop/shop.sqlite }", "installations:",
        "  - { files: databases/*.sqlite }",
      ]
    } else {
      lines += ["installations:"] + entries.map { "  - \(self.line($0))" }
    }
    return lines.joined(separator: "\n")
  }

  private func line(_ entry: InstallationDraft) -> String {
    switch entry.source {
    case .files(let pattern, nil): "{ files: \(YAMLScalar.written(pattern)) }"
    case .files(let pattern, let id?):
      "{ files: \(YAMLScalar.written(pattern)), id: \(YAMLScalar.quoted(id)) }"
    case .one(let id, let path):
      "{ id: \(YAMLScalar.written(id)), path: \(YAMLScalar.written(path)) }"
    }
  }
}
