/// A check that is to recur: what is run, how often, and on which files.
public struct ScheduledCheck: Hashable, Sendable {
  /// What unit files, the crontab line or the CronJob are called.
  public var name: String
  /// The fleet's name.
  public var fleet: String
  /// How often it runs.
  public var recurrence: Recurrence
  /// The program's file; absolute.
  public var program: String
  /// The command and its options, such as `drift --upload`.
  public var command: [String]
  /// The files that are only read.
  public var files: Files
  /// The state folder; absolute.
  public var state: String
  /// The folders of the installations; none within another. For systemd, which knows no links, these are resolved.
  public var folders: [String]
  /// `NAME=value` lines with tokens, read where the check runs; nil for that of systemd's user manager.
  public var environmentFile: String?

  /// The fleet file and what it names; absolute.
  public struct Files: Hashable, Sendable {
    /// The fleet file.
    public var fleet: String
    /// The folder of migrations.
    public var migrations: String
    /// Its baseline and its schema.
    public var baseline: String?, schema: String?

    /// Names the files.
    public init(fleet: String, migrations: String, baseline: String? = nil, schema: String? = nil) {
      (self.fleet, self.migrations, self.baseline, self.schema) = (fleet, migrations, baseline, schema)
    }

    var all: [String] { [fleet, migrations, baseline, schema].compactMap(\.self) }
  }

  /// Describes a check.
  /// - Throws: `ScheduleError` for a path or name that no unit file or crontab can hold.
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

  /// Refuses a name that can't be a unit's: what isn't made of letters, digits, `.`, `_` and `-`.
  public static func check(name: String) throws(ScheduleError) {
    let isPlain = name.utf8.allSatisfy { Quoting.isAlphanumeric($0) || ".-_".utf8.contains($0) }
    guard isPlain, let first = name.utf8.first, Quoting.isAlphanumeric(first), name.utf8.count <= 200 else {
      throw ScheduleError(
        "--name \"\(name)\": up to 200 letters, digits, \".\", \"_\" and \"-\", a letter or digit first")
    }
  }

  /// The name of a fleet's check, unless it is named: `flotilla-FLEET`, and the command where it isn't `drift`.
  public static func name(fleet: String, command: [String]) -> String {
    let plain = fleet.utf8.map { Quoting.isAlphanumeric($0) ? Character(Unicode.Scalar($0)) : "-" }
    let words = String(plain).lowercased().split(separator: "-")
    let kind = command.first.flatMap { $0 == "drift" ? nil : Substring($0) }
    return String((["flotilla"] + words + [kind].compactMap(\.self)).joined(separator: "-").prefix(200))
  }

  var words: [String] { [program, "--fleet", files.fleet] + command }

  /// How long the start may be put off by chance, so that many machines don't call the collector at once: a tenth of
  /// the interval, at most a quarter of an hour.
  var delay: Int { min(recurrence.seconds / 10, 15 * 60) }

  /// How long one check may take: its interval, but at least ten minutes and at most six hours.
  var longest: Int { min(max(recurrence.seconds, 600), 6 * 3600) }
}
