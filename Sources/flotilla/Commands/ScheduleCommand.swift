import ArgumentParser
import Fleet
import FoundationEssentials
import Glibc
import Schedule

enum Scheduler: String, ExpressibleByArgument, CaseIterable {
  case systemd, cron, kubernetes
}

struct ScheduleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedule",
    abstract: "Prints or installs what a recurring check needs: for systemd, cron or Kubernetes.")

  @ParentCommand var root: Flotilla
  @OptionGroup var global: GlobalOptions
  @Option(
    help: ArgumentHelp(
      "15m, 6h, hourly, daily, weekly, \"03:00\" or \"Mon 03:00\".", valueName: "interval"))
  var every: String?
  @Option(name: [.customLong("as")], help: "systemd, cron or kubernetes.") var scheduler = Scheduler.systemd
  @Flag(help: "For systemd's user manager instead of the system's.") var user = false
  @Flag(help: "Installs it, in the place of what an earlier --install put there.") var install = false
  @Flag(help: "Takes away what --install put there.") var remove = false
  @Option(help: ArgumentHelp("What the unit, line or job is called. Else flotilla-FLEET.", valueName: "name"))
  var name: String?
  @Option(
    help: ArgumentHelp(
      "What recurs: drift, report, status or plan, with options. Else drift, with --upload where report.url is set.",
      valueName: "command"))
  var command: String?
  @Option(help: ArgumentHelp("The container image, for Kubernetes.", valueName: "image")) var image: String?

  func validate() throws {
    if install, remove { throw ValidationError("--install and --remove exclude each other") }
    if every == nil, !remove { throw ValidationError("--every says how often, such as --every 15m") }
    if user, scheduler != .systemd { throw ValidationError("--user goes with --as systemd") }
    if scheduler == .kubernetes, install || remove {
      let verb = install ? "apply" : "delete"
      throw ValidationError(
        "a CronJob is installed and removed by kubectl: flotilla schedule --as kubernetes … | kubectl \(verb) -f -"
      )
    }
    if scheduler == .kubernetes, image == nil { throw ValidationError("--as kubernetes needs --image") }
    if scheduler != .kubernetes, image != nil { throw ValidationError("--image goes with --as kubernetes") }
    do {
      if let every { _ = try Recurrence(every) }
      if let name { try ScheduledCheck.check(name: name) }
    } catch { throw ValidationError(error.description) }
    try words.map(Self.check)
  }

  /// The words of `--command`; nil without the option.
  private var words: [String]? { command.map { $0.split(separator: " ").map(String.init) } }

  /// Accepts only commands that change no database and ask no question, since they run unattended.
  private static func check(_ words: [String]) throws {
    let known = ["drift", "report", "status", "plan"]
    guard let first = words.first, known.contains(first) else {
      throw ValidationError("--command takes \(known.joined(separator: ", ")), with options")
    }
  }

  func run() throws {
    let environment = ProcessInfo.processInfo.environment
    let console = Console(environment: environment)
    try finishing(console) {
      let global = global.orElse(root.global)
      if remove {
        let name = try name ?? ScheduledFleet(global, environment).name(words)
        return try ScheduleInstaller(name: name, console, environment, isUser: user).remove(scheduler)
      }
      let fleet = try ScheduledFleet(global, environment)
      let check = try fleet.check(
        every: Recurrence(every ?? ""), name: name, command: words, resolvesLinks: scheduler != .kubernetes,
        environmentFile: variables(environment))
      let installer = ScheduleInstaller(name: check.name, console, environment, isUser: user)
      switch scheduler {
      case .systemd:
        let units = try SystemdUnits(check, isUser: user)
        if install { return try installer.install(units, state: fleet.file.state) }
        if !fleet.isStateThere {
          console.log("flotilla: make \(check.state) (mode 0700) before the service starts; --install does")
        }
        try console.out(
          "# \(installer.folder)/\(check.name).service\n\(units.service)\n"
            + "# \(installer.folder)/\(check.name).timer\n\(units.timer)")
      case .cron:
        let line = try CrontabLine(check)
        if install { return try installer.install(line) }
        console.out(line.text + "\n")
      case .kubernetes: console.out(try KubernetesJob(check, image: image ?? "").text)
      }
      return .well
    }
  }

  /// The file from which the check reads its variables, such as tokens, when it runs; nil if there is none.
  private func variables(_ environment: [String: String]) -> (String) throws -> String? {
    { name in
      switch scheduler {
      case .kubernetes: nil
      case .systemd where user: nil
      case .cron where getuid() != 0: try ScheduleInstaller.settings(environment) + "/flotilla/\(name).env"
      case .systemd, .cron: "/etc/flotilla/\(name).env"
      }
    }
  }
}
