import ArgumentParser
import Basics
import Fleet
import FoundationEssentials
import Glibc
import Migrations
import Report
import Schema

struct RolloutCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollout", abstract: "Shows the latest rollout with gates, and decides about it.",
    discussion: """
      A migrate whose waves have gates (bake, check, drift, approve in fleet.yml) is kept in the journal until it has \
      ended. After a crash, a reboot or --no-wait, rollout continue goes on where it was.
      """,
    subcommands: [Show.self, Approve.self, Continue.self, Abort.self, Undo.self], defaultSubcommand: Show.self
  )
  @ParentCommand var root: Flotilla
}

/// What the commands about a rollout have in common.
private struct RolloutBook {
  let context: FleetContext
  let journal: Journal

  init(_ global: GlobalOptions, _ console: Console) throws {
    context = try FleetContext(global, console)
    guard context.state.hasJournal else { throw UsageError("there is no rollout with gates yet") }
    journal = try Journal(context.existingState("rollout"))
  }

  func open() throws -> StagedRollout {
    if let rollout = try journal.openRollout() { return rollout }
    guard let last = try journal.latestRollout() else {
      throw UsageError("there is no rollout with gates yet")
    }
    throw UsageError("no rollout is open; the last one, \(last.id): \(last.standing)")
  }

  /// The person who decides: as given, or the user of this process.
  static func approval(_ name: String?, _ reason: String?) -> StagedRollout.Approval {
    let user = getpwuid(getuid()).flatMap { $0.pointee.pw_name.map { String(cString: $0) } }
    return StagedRollout.Approval(
      by: name ?? user ?? "user \(getuid())", because: reason, at: Session.now())
  }

  /// Takes back the waves that the rollout says, which ends it.
  ///
  /// - Throws: what prevents that; nothing was changed then.
  static func takeBack(_ rollout: StagedRollout, _ book: RolloutBook, _ session: Session) throws -> ExitStatus
  {
    guard let lock = try book.context.state.lockRollout() else {
      throw UsageError("another flotilla carries rollout \(rollout.id) on; first: flotilla rollout abort")
    }
    defer { withExtendedLifetime(lock) {} }
    guard var current = try book.journal.latestRollout(), current.id == rollout.id,
      current.runs == rollout.runs,
      current.state == rollout.state
    else {
      throw UsageError("the rollout has changed in the meantime; flotilla rollout shows where it stands")
    }
    current.undoing = rollout.undoing
    let result = try WaveUndo(session: session, rollout: current).run(book.journal.members(of: current.id)) {
      guard current.state.isOpen else { return }
      current.state = .undoing
      try book.journal.save(current)
    }
    guard session.interruption.signal == nil else { return result.exitStatus }
    if rollout.state != .undoing { current.reason = nil }
    current.note(result.taken, left: result.left)
    try book.journal.save(current)
    session.console.out(lines: TextLayout.wrap("Rollout \(current.id): \(current.standing)."))
    return result.exitStatus
  }

  /// Whether no process carries the rollout on.
  func isIdle() throws -> Bool { try !context.state.isRolloutLocked() }
}

/// Who decides, and why.
struct DecisionOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Who decides (default: the user of this process).", valueName: "name"))
  var by: String?
  @Option(help: ArgumentHelp("Why.", valueName: "text")) var because: String?

  func validate() throws {
    for text in [by, because].compactMap({ $0 }) where text.isEmpty || text.utf8.count > 1000 {
      throw ValidationError("--by and --because take texts of 1 to 1000 bytes")
    }
  }
}

extension RolloutCommand {
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Shows where the latest rollout stands.")
    @ParentCommand var rollout: RolloutCommand
    @OptionGroup var global: GlobalOptions

    func run() throws {
      let console = Console(environment: ProcessInfo.processInfo.environment)
      try finishing(console) {
        let book = try RolloutBook(global.orElse(rollout.root.global), console)
        guard let rollout = try book.journal.latestRollout() else {
          throw UsageError("there is no rollout with gates yet")
        }
        let decisions = try book.journal.decisions(about: rollout.id)
        console.out(lines: Self.lines(rollout, decisions, isIdle: try book.isIdle()))
        return .well
      }
    }

    private static func lines(
      _ rollout: StagedRollout, _ decisions: [RolloutDecision], isIdle: Bool
    ) -> [String] {
      var lines = TextLayout.wrap("Rollout \(rollout.id): \(rollout.standing).") + [""]
      for wave in rollout.waves {
        let state =
          wave.number > rollout.wave
          ? "not begun"
          : wave.undone.map { "\($0) taken back" }
            ?? (wave.passed.map { "passed \($0)" } ?? (wave.done == nil ? "begun" : "done"))
        lines.append(
          "  \(wave.number)  \(wave.name)  \(counted(wave.installations, "installation"))  \(state)")
        if let gate = wave.gate { lines.append("     \(gate)") }
        if wave.good + wave.bad + wave.inconclusive > 0 {
          lines.append("     checks: \(wave.good) good, \(wave.bad) bad, \(wave.inconclusive) inconclusive")
        }
        if let approval = wave.approval { lines.append("     approved by \(approval.text) (\(approval.at))") }
      }
      guard rollout.state.isOpen else { return lines }
      lines.append("")
      lines.append(isIdle ? "No process carries it on." : "A process carries it on.")
      let isApproved = decisions.contains { $0.kind == .approve && $0.wave == rollout.wave }
      if let abort = decisions.last(where: { $0.kind == .abort }) {
        lines.append("Aborted by \(abort.approval.text): it ends when what has begun is finished.")
      } else if rollout.state == .awaiting, isApproved {
        lines.append("Wave \(rollout.wave) is approved.")
      }
      if rollout.state == .awaiting, !isApproved { lines.append("  flotilla rollout approve") }
      if isIdle || rollout.state == .paused { lines.append("  flotilla rollout continue") }
      lines.append("  flotilla rollout abort")
      return lines
    }
  }

  struct Approve: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lets the wave that waits for an approval pass.")
    @ParentCommand var rollout: RolloutCommand
    @OptionGroup var global: GlobalOptions
    @OptionGroup var decision: DecisionOptions

    func run() throws {
      let console = Console(environment: ProcessInfo.processInfo.environment)
      try finishing(console) {
        let book = try RolloutBook(global.orElse(rollout.root.global), console)
        let open = try book.open()
        guard open.state == .awaiting else {
          throw UsageError("rollout \(open.id) doesn't wait for an approval: \(open.standing)")
        }
        let approval = RolloutBook.approval(decision.by, decision.because)
        try book.journal.decide(.approve, open, by: approval)
        let next = try book.isIdle() ? "To go on: flotilla rollout continue" : "The waiting migrate goes on."
        console.out(
          lines: ["Wave \(open.wave) (\(open.current.name)) is approved by \(approval.text).", next])
        return .well
      }
    }
  }

  struct Continue: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Goes on with the open rollout, with the same waves and members.",
      discussion: """
        Installations that are new since the rollout began join its last wave. If another process carries the rollout \
        on and it is paused, that one goes on.
        """)
    @ParentCommand var rollout: RolloutCommand
    @OptionGroup var global: GlobalOptions
    @OptionGroup var decision: DecisionOptions
    @OptionGroup var running: RolloutOptions

    func run() throws {
      let console = Console(environment: ProcessInfo.processInfo.environment)
      try finishing(console) {
        var global = global.orElse(rollout.root.global)
        let book = try RolloutBook(global, console)
        let open = try book.open()
        guard try book.isIdle() else { return try resume(open, book, console) }
        if let only = global.only, only != open.only {
          throw UsageError(
            "--only can't change while a rollout is open; it was begun with \(open.only ?? "all")")
        }
        global.only = open.only
        if open.state == .undoing {
          let session = try Session(applyingNothing: book.context, book.context.inventory())
          // Taking back is what the failure of a wave led to.
          let exitStatus = try RolloutBook.takeBack(open, book, session)
          return exitStatus == .well ? .someFailed : exitStatus
        }
        if open.state == .paused {
          try book.journal.decide(.resume, open, by: RolloutBook.approval(decision.by, decision.because))
        }
        let kept = try open.plan.map(Self.kept)
        // What a pattern selects may have changed. Without one, what is new joins.
        let members = open.only == nil ? nil : try Set(book.journal.members(of: open.id).keys)
        let session = try Session(global, console, target: open.target, plan: kept, members: members)
        guard session.set.digest.description == open.digest else {
          throw UsageError(
            "the migrations are not those that rollout \(open.id) began with. Bring those back to go on, or end it: "
              + "flotilla rollout abort")
        }
        let settings = MigrateSettings(
          running, maxFailures: open.maxFailures, isWithoutBackups: open.isWithoutBackups,
          plan: open.plan?.path)
        return try MigrateRun(settings, session, resuming: open).run()
      }
    }

    /// The plan that the rollout follows, if it is still the same.
    private static func kept(_ plan: StagedRollout.Plan) throws -> KeptPlan {
      let kept = try KeptPlan(reading: plan.path)
      guard kept.digest == plan.digest else {
        throw UsageError(
          "the plan \(plan.path) was changed since the rollout began. Bring it back to go on, or end the rollout: "
            + "flotilla rollout abort")
      }
      return kept
    }

    private func resume(_ open: StagedRollout, _ book: RolloutBook, _ console: Console) throws -> ExitStatus {
      guard open.state == .paused else {
        throw UsageError("another flotilla carries rollout \(open.id) on: \(open.standing)")
      }
      try book.journal.decide(
        .resume, open, by: RolloutBook.approval(decision.by, decision.because))
      console.out(lines: ["The waiting migrate goes on."])
      return .well
    }
  }

  struct Abort: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Ends the open rollout. What is done stays; rollout undo takes it back.")
    @ParentCommand var rollout: RolloutCommand
    @OptionGroup var global: GlobalOptions
    @OptionGroup var decision: DecisionOptions

    func run() throws {
      let console = Console(environment: ProcessInfo.processInfo.environment)
      try finishing(console) {
        let book = try RolloutBook(global.orElse(rollout.root.global), console)
        let open = try book.open()
        let approval = RolloutBook.approval(decision.by, decision.because)
        try book.journal.decide(.abort, open, by: approval)
        guard let lock = try book.context.state.lockRollout() else {
          console.out(lines: ["The running migrate ends the rollout when what it has begun is finished."])
          return .well
        }
        defer { withExtendedLifetime(lock) {} }
        guard var rollout = try book.journal.openRollout() else {
          throw UsageError("rollout \(open.id) has ended in the meantime; flotilla rollout shows how")
        }
        (rollout.state, rollout.reason) = (.aborted, "by \(approval.text)")
        try book.journal.save(rollout)
        console.out(lines: TextLayout.wrap("Rollout \(rollout.id): \(rollout.standing)."))
        return .well
      }
    }
  }

  struct Undo: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Takes waves of the latest rollout back from its backups, after backing up what is there.",
      discussion: "An open rollout ends with this.")
    @ParentCommand var rollout: RolloutCommand
    @OptionGroup var global: GlobalOptions
    @Option(
      help: ArgumentHelp("Which waves: all, or numbers such as 2,3 (default: the latest).", valueName: "list")
    )
    var waves: String?
    @Flag(help: "Starts without asking.") var yes = false

    func run() throws {
      let console = Console(environment: ProcessInfo.processInfo.environment)
      try finishing(console) {
        let global = global.orElse(rollout.root.global)
        let book = try RolloutBook(global, console)
        guard var rollout = try book.journal.latestRollout() else {
          throw UsageError("there is no rollout with gates yet")
        }
        guard global.only == nil else {
          throw UsageError(
            "a rollout is taken back by waves; for single installations: flotilla restore --run ID --only …")
        }
        rollout.undoing = try numbers(of: rollout)
        let session = try Session(applyingNothing: book.context, book.context.inventory())
        let members = try book.journal.members(of: rollout.id)
        try confirm(members.count { rollout.undoing.contains($0.value) }, session)
        return try RolloutBook.takeBack(rollout, book, session)
      }
    }

    private func numbers(of rollout: StagedRollout) throws -> [Int] {
      guard let waves else { return rollout.undoing.isEmpty ? [rollout.wave] : rollout.undoing }
      if waves == "all" { return Array(1...rollout.wave) }
      let numbers = waves.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
      guard numbers.allSatisfy({ (1...rollout.wave).contains($0) }) else {
        throw UsageError(
          "--waves \(waves): the rollout has begun waves 1 to \(rollout.wave); all, or numbers such as 2,3")
      }
      return numbers.sorted()
    }

    private func confirm(_ count: Int, _ session: Session) throws {
      if yes { return }
      guard session.console.canAsk else { throw UsageError("there is no terminal to ask on; add --yes") }
      let question =
        "Take back what the rollout migrated of \(counted(count, "installation")), writes since then included?"
      guard try session.console.confirms(question, session.interruption) else {
        throw UsageError("nothing was changed")
      }
    }
  }
}
