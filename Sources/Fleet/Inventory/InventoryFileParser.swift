internal import Basics
internal import Migrations
internal import Programs
internal import SQLite
internal import Upgrade
internal import Yams

extension FleetFile {
  /// Reads a fleet file.
  /// - Parameters:
  ///   - path: The file; relative to `currentDirectory`. Messages show it as it is given.
  ///   - currentDirectory: An absolute path.
  ///   - environment: The values for `${NAME}` references.
  /// - Returns: The content of the file; no installation is looked up yet.
  /// - Throws: `InventoryErrors` with as many mistakes as can be recognized in one reading.
  public static func load(
    _ path: String, currentDirectory: String, environment: [String: String]
  ) throws(InventoryErrors) -> FleetFile {
    let absolute = absolutePath(path, in: currentDirectory)
    let text: String
    do {
      text = try InventoryPath.read(absolute)
    } catch {
      throw InventoryErrors([InventoryError(.unreadable, file: path, "can't be read: \(error)")])
    }
    return try parse(text, file: path, folder: parentFolder(of: absolute), environment: environment)
  }

  /// Parses the text of a fleet file. The variables that it uses for tokens and secrets become `SecretVariables`.
  ///
  /// - Parameters:
  ///   - text: YAML.
  ///   - file: The name of the file in messages.
  ///   - folder: The folder that relative paths start from; absolute.
  ///   - environment: The values for `${NAME}` references.
  /// - Returns: The content of the file; no installation is looked up yet.
  /// - Throws: `InventoryErrors` with as many mistakes as can be recognized in one reading.
  public static func parse(
    _ text: String, file: String, folder: String, environment: [String: String]
  ) throws(InventoryErrors) -> FleetFile {
    let variables = InventoryVariables(environment: environment)
    let reader = InventoryReader(file: file, folder: folder, variables: variables)
    guard let root = try reader.compose(InventoryVariables.mark(text)), !InventoryReader.isNull(root) else {
      throw InventoryErrors([InventoryError(.missingKey, file: file, line: 1, "the file is empty")])
    }
    let fleet = FleetFileParser(reader: reader).parse(root)
    SecretVariables.add(reader.secretVariables)
    try reader.problems.check()
    guard let fleet else { preconditionFailure("a fleet file that can't be read has a problem noted") }
    return fleet
  }
}

/// Parses the keys of a fleet file. Each method parses one section and reports its mistakes.
struct FleetFileParser {
  static let keys = [
    "fleet", "migrations", "baseline", "schema", "state", "defaults", "installations", "rollout", "backup",
    "hooks", "report", "drift", "ssh",
  ]

  let reader: InventoryReader

  func parse(_ root: Node) -> FleetFile? {
    guard let top = InventorySection(root, name: "", keys: Self.keys, reader: reader) else { return nil }
    let name = name(top)
    top.require("migrations", "the folder with the migration files")
    let migrations = migrations(top)
    let defaults = defaults(top)
    let fleet = FleetFile(
      file: reader.file, folder: reader.folder, name: name ?? "", migrations: migrations,
      baseline: top.path("baseline"), schema: top.path("schema"),
      state: top.path("state") ?? absolutePath(".flotilla", in: reader.folder),
      defaults: defaults, entries: entries(top, defaultPath: defaults.path), rollout: rollout(top),
      backup: backup(top), hooks: hooks(top), report: report(top), drift: drift(top), ssh: ssh(top))
    return reader.problems.errors.isEmpty ? fleet : nil
  }

  /// The folder of migrations: a path, or a mapping with the path and what the files don't tell.
  private func migrations(_ top: InventorySection) -> MigrationFolder {
    guard let mapping = top.node("migrations")?.mapping else {
      return MigrationFolder(top.path("migrations") ?? "")
    }
    guard mapping["run"] == nil else { return program(top) }
    let keys = ["path", "format", "table", "deletes", "changes", "columns", "values"]
    guard let section = top.section("migrations", keys: keys) else { return MigrationFolder("") }
    section.require("path", "the folder with the migration files")
    var folder = MigrationFolder(section.path("path") ?? "", table: section.text("table"))
    folder.format = format(section, of: MigrationFormats.all.map(\.name))
    folder.columns = section.mapping("columns") ?? [:]
    folder.values = section.mapping("values") ?? [:]
    if folder.format != "custom" {
      for key in ["columns", "values"] where section.has(key) {
        section.report(.invalidValue, key, "\"migrations.\(key)\" goes with format: custom only")
      }
    }
    folder.deletes = section.lists("deletes", such: "{ 7: [users] }") ?? [:]
    folder.changes = section.lists("changes", such: "{ 7: [users.note] }") ?? [:]
    return folder
  }

  /// The name of a format; nil if there is none, or if it is none of `names`, which is reported.
  private func format(_ section: InventorySection, of names: [String], _ note: String = "") -> String? {
    guard let format = section.text("format") else { return nil }
    if names.contains(format) { return format }
    section.reject(
      "format", mustBe: "one of \(names.joined(separator: ", "))\(note)",
      suggestion: Suggestion.nearest(to: format, in: names))
    return nil
  }

  /// The program that migrates: `{ run: […], env: { … }, path: DIR, deletes: […], format: NAME }`.
  private func program(_ top: InventorySection) -> MigrationFolder {
    let keys = ["run", "env", "path", "deletes", "format", "table", "columns"]
    guard let section = top.section("migrations", keys: keys) else { return MigrationFolder("") }
    let folder = section.path("path") ?? reader.folder
    var program = MigrationProgram(self.program(section, "run"), in: folder)
    program.environment = section.mapping("env") ?? [:]
    program.deletes = Set((section.list("deletes") ?? []).map(\.folded))
    program.format =
      format(section, of: ProgramHistory.allCases.map(\.rawValue), " with \"run\"") ?? program.format
    for key in ["baseline", "schema"] where top.has(key) {
      top.report(
        .invalidValue, key,
        "\"\(key)\" is for migrations that are files; the program of \"migrations.run\" begins with an empty database"
      )
    }
    let columns = section.mapping("columns") ?? [:]
    if program.format == ProgramHistory.custom.rawValue {
      if let table = section.text("table"), let version = columns["version"], columns.count == 1 {
        program.custom = MigrationProgram.CustomTable(table: table, version: version)
      } else {
        section.report(
          .missingKey, "format",
          "\"migrations.format\" custom needs \"table\" and \"columns: { version: NAME }\" with \"run\"")
      }
    } else {
      for key in ["table", "columns"] where section.has(key) {
        section.report(.invalidValue, key, "\"migrations.\(key)\" goes with format: custom only")
      }
    }
    if program.arguments.isEmpty {
      section.reject("run", mustBe: "a list of the program and its arguments")
    } else if !program.knowsPath {
      section.report(
        .invalidValue, "run",
        "nothing tells the program which database to migrate: put {path} into \"migrations.run\" or \"migrations.env\""
      )
    }
    var migrations = MigrationFolder(folder)
    migrations.program = program
    return migrations
  }

  private func name(_ top: InventorySection) -> String? {
    top.require("fleet", "the name of the fleet")
    guard let name = top.text("fleet") else { return nil }
    if name.hasControlCharacter {
      top.report(
        .invalidValue, "fleet", "\"fleet\" must not contain a line break or another control character")
    }
    return name
  }

  private func defaults(_ top: InventorySection) -> FleetFile.Defaults {
    var defaults = FleetFile.Defaults()
    guard let section = top.section("defaults", keys: ["groups", "labels", "path"]) else { return defaults }
    defaults.groups = groups(section) ?? []
    defaults.labels = section.mapping("labels") ?? [:]
    defaults.path = section.text("path")
    return defaults
  }

  private func rollout(_ top: InventorySection) -> FleetFile.RolloutSettings {
    var rollout = FleetFile.RolloutSettings(location: top.location("rollout"))
    let keys = [
      "waves", "concurrency", "per_host", "max_failures", "timeout", "busy_timeout", "network_file_systems",
      "hard_links", "max_lock", "on_failure",
    ]
    guard let section = top.section("rollout", keys: keys) else { return rollout }
    if section.has("waves") {
      rollout.location = section.location("waves")
      rollout.waves = waves(section) ?? rollout.waves
    }
    rollout.onFailure = section.choice("on_failure", of: RolloutFailure.self) ?? rollout.onFailure
    rollout.concurrency = section.number("concurrency", in: 1...1_000) ?? rollout.concurrency
    rollout.perHost = section.number("per_host", in: 1...1_000) ?? rollout.perHost
    let limit = "a whole number or a share such as 5%"
    rollout.maxFailures =
      section.value("max_failures", mustBe: limit) { FailureLimit($0) } ?? rollout.maxFailures
    rollout.timeout = section.duration("timeout") ?? rollout.timeout
    if rollout.timeout == .zero { section.reject("timeout", mustBe: "longer than nothing") }
    rollout.busyTimeout = section.duration("busy_timeout") ?? rollout.busyTimeout
    rollout.maxLock = section.duration("max_lock")
    if rollout.maxLock == .zero { section.reject("max_lock", mustBe: "longer than nothing") }
    rollout.networkFileSystems = section.flag("network_file_systems") ?? rollout.networkFileSystems
    rollout.hardLinks = section.flag("hard_links") ?? rollout.hardLinks
    return rollout
  }

  private func backup(_ top: InventorySection) -> FleetFile.Backup {
    var backup = FleetFile.Backup()
    let keys = ["keep", "check", "compress", "fetch"]
    guard let section = top.section("backup", keys: keys) else { return backup }
    backup.keep = section.number("keep", in: 1...1_000_000) ?? backup.keep
    backup.check = section.choice("check", of: BackupCheck.self) ?? backup.check
    backup.compress = section.choice("compress", of: BackupCompression.self) ?? backup.compress
    backup.fetch = section.flag("fetch") ?? backup.fetch
    return backup
  }

  /// The groups of a section, without duplicates.
  func groups(_ section: InventorySection) -> [String]? {
    guard let groups = section.list("groups") else { return nil }
    for group in groups where group.hasControlCharacter {
      let shown = group.harmless()
      section.report(.invalidValue, "groups", "group \"\(shown)\" must not contain a control character")
    }
    var seen: Set<String> = []
    return groups.filter { seen.insert($0).inserted }
  }
}
