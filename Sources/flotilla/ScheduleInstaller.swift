import Fleet
import FoundationEssentials
import Glibc
import Schedule

/// Installs and removes a recurring check.
struct ScheduleInstaller {
  private let name: String
  private let console: Console
  private let environment: [String: String]
  private let isUser: Bool

  init(name: String, _ console: Console, _ environment: [String: String], isUser: Bool) {
    (self.name, self.console, self.environment, self.isUser) = (name, console, environment, isUser)
  }

  /// The folder of a user's settings.
  static func settings(_ environment: [String: String]) throws -> String {
    if let folder = environment["XDG_CONFIG_HOME"], folder.hasPrefix("/") { return folder }
    guard let home = environment["HOME"], home.hasPrefix("/") else {
      throw UsageError("neither XDG_CONFIG_HOME nor HOME says where the user's settings are")
    }
    return home + "/.config"
  }

  /// The folder of the units.
  var folder: String {
    get throws { isUser ? try Self.settings(environment) + "/systemd/user" : "/etc/systemd/system" }
  }

  private func unit(_ kind: String) throws -> String { try "\(folder)/\(name).\(kind)" }

  /// Installs the units and starts the timer.
  ///
  /// - Throws: `UsageError` if a unit of this name is someone else's, or if a file can't be written.
  func install(_ units: SystemdUnits, state: String) throws -> ExitStatus {
    let files = try [(path: unit("service"), text: units.service), (path: unit("timer"), text: units.timer)]
    for file in files { try check(file.path, replacedBy: file.text) }
    // The service may write to the folder, but not create it.
    try StateFolder(state).create()
    for file in files {
      try SmallFile.write(file.text, to: file.path)
      console.log("wrote \(file.path)")
    }
    return systemctl([["daemon-reload"], ["enable", "--now", "\(name).timer"]]) ? .well : .failed
  }

  private func check(_ path: String, replacedBy text: String) throws {
    guard let there = try SmallFile.read(path) else { return }
    let first = String(decoding: there.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    guard first.hasPrefix(SystemdUnits.mark) else {
      throw UsageError("\(path) is there, and not from flotilla schedule; choose another --name")
    }
    guard text.hasPrefix(first + "\n") else {
      throw UsageError("\(path) checks another fleet (\(first.dropFirst(2))); choose another --name")
    }
  }

  func remove(_ scheduler: Scheduler) throws -> ExitStatus {
    if scheduler == .cron { return try removeLine() }
    let paths = try [unit("timer"), unit("service")]
    let ours = try paths.filter { path in
      guard let there = try SmallFile.read(path) else { return false }
      guard there.starts(with: SystemdUnits.mark.utf8) else {
        throw UsageError("\(path) is not from flotilla schedule; it stays")
      }
      return true
    }
    guard !ours.isEmpty else {
      console.log("nothing to remove: there is no \(try unit("timer"))")
      return .well
    }
    // If systemd runs, it has to forget the timer. If it doesn't, the link that enabled the timer has to be removed.
    let isStopped = run(["disable", "--now", "\(name).timer"]).status == 0
    for path in try ["\(folder)/timers.target.wants/\(name).timer"] + ours where try SmallFile.remove(path) {
      console.log("removed \(path)")
    }
    if isStopped { _ = run(["daemon-reload"]) }
    return .well
  }

  /// Runs the commands in order. If one fails, that and the following ones are shown to the user instead.
  private func systemctl(_ commands: [[String]]) -> Bool {
    for (number, command) in commands.enumerated() {
      let result = run(command)
      guard result.status != 0 else { continue }
      let rest = commands[number...].map { "  " + (["systemctl"] + scope + $0).joined(separator: " ") }
      console.log("flotilla: systemd could not be told: \(result.reason)")
      console.log("The files are in place. What is left to run:\n\(rest.joined(separator: "\n"))")
      return false
    }
    console.log(
      "systemctl \((scope + ["list-timers", "\(name).timer"]).joined(separator: " ")) shows when it runs")
    return true
  }

  private var scope: [String] { isUser ? ["--user"] : [] }

  private func run(_ command: [String]) -> Tool.Result {
    Tool("systemctl", environment).run(scope + command)
  }

  /// Adds the line to the crontab of the current user.
  func install(_ line: CrontabLine) throws -> ExitStatus {
    let crontab = Crontab(environment)
    try crontab.write(line.installed(in: crontab.read()))
    console.log("The crontab has the line:\n\(line.text)")
    return .well
  }

  private func removeLine() throws -> ExitStatus {
    let crontab = Crontab(environment)
    guard let rest = CrontabLine.removed(name, from: try crontab.read()) else {
      console.log("nothing to remove: the crontab has no line of \(name)")
      return .well
    }
    try crontab.write(rest)
    console.log("removed the line of \(name) from the crontab")
    return .well
  }
}
