/// A recurring check: its command, its recurrence and its files.
public struct ScheduledCheck: Hashable, Sendable {
  /// The name of the unit files, the crontab line or the CronJob.
  public var name: String
  /// The name of the fleet.
  public var fleet: String
  /// How often it runs.
  public var recurrence: Recurrence
  /// The absolute path of the program's file.
  public var program: String
  /// The command and its options, such as `drift --upload`.
  public var command: [String]
  /// The files that are only read.
  public var files: Files
  /// The absolute path of the state folder.
  public var state: String
  /// The folders of the installations, none of them within another. For systemd, links in them must be resolved.
  public var folders: [String]
  /// A file with `NAME=value` lines such as tokens, read when the check runs; nil for the default of systemd's user
  /// manager.
  public var environmentFile: String?

  /// The fleet file and the files that it names, as absolute paths.
  public struct Files: Hashable, Sendable {
    /// The fleet file.
    public var fleet: String
    /// The folder of migrations.
    public var migrations: String
    /// The baseline and the schema, or nil.
    public var baseline: String?, schema: String?

    /// Names the files.
    public init(fleet: String, migrations: String, baseline: String? = nil, schema: String? = nil) {
      (self.fleet, self.migrations, self.baseline, self.schema) = (fleet, migrations, baseline, schema)
    }

    var all: [String] { [fleet, migrations, baseline, schema].compactMap(\.self) }
  }

  /// Describes a check.
  ///
  /// - Throws: ``ScheduleError`` if a path or a name can't be written in a unit file or a crontab.
  public init(
    name: String, fleet: String, recurrence: Recurrence, program: String, command: [String], files: Files,
    state: String, folders: [String], environmentFile: String?
  ) throws(ScheduleError) {
    try Self.check(name: name)
    let texts = [program, state] + command + files.all + folders + [environmentFile].compactMap(\.self)
    for text in texts where text.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) {
      throw ScheduleError(
        "a path or option with a line break or other control character can't be scheduled: \(text)")
    }
    (self.name, self.recurrence, self.program, self.command) = (name, recurrence, program, command)
    (self.files, self.state, self.environmentFile) = (files, state, environmentFile)
    self.folders = Folders.outermost(folders)
    self.fleet = String(String.UnicodeScalarView(fleet.unicodeScalars.filter { $0.value >= 32 }))
  }

  /// Checks that a unit can have this name: it may contain only letters, digits, `.`, `_` and `-`.
  ///
  /// - Throws: ``ScheduleError`` if it can't.
  public static func check(name: String) throws(ScheduleError) {
    let isPlain = name.utf8.allSatisfy { Quoting.isAlphanumeric($0) || ".-_".utf8.contains($0) }
    guard isPlain, let first = name.utf8.first, Quoting.isAlphanumeric(first), name.utf8.count <= 200 else {
      throw ScheduleError(
        "--name \"\(name)\": up to 200 letters, digits, \".\", \"_\" and \"-\", a letter or digit first")
    }
  }

  /// The default name of a fleet's check: `flotilla-FLEET`, followed by the command unless that is `drift`.
  public static func name(fleet: String, command: [String]) -> String {
    let plain = fleet.utf8.map { Quoting.isAlphanumeric($0) ? Character(Unicode.Scalar($0)) : "-" }
    let words = String(plain).lowercased().split(separator: "-")
    let kind = command.first.flatMap { $0 == "drift" ? nil : Substring($0) }
    return String((["flotilla"] + words + [kind].compactMap(\.self)).joined(separator: "-").prefix(200))
  }

  var words: [String] { [program, "--fleet", files.fleet] + command }

  /// The maximum random delay of the start in seconds, so that many machines don't contact the collector at once: a
  /// tenth of the interval, at most 15 minutes.
  var delay: Int { min(recurrence.seconds / 10, 15 * 60) }

  /// The time limit of one check in seconds: its interval, but at least ten minutes and at most six hours.
  var longest: Int { min(max(recurrence.seconds, 600), 6 * 3600) }
}
