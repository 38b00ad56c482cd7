import Basics
import Fleet
import Migrations
import Synchronization
import Upgrade

/// Shows the progress of a pass over the fleet: on a terminal as one line that is updated, if verbose as a line per
/// installation.
final class Progress: RunObserver {
  private struct State {
    var label: String
    var total: Int
    var done = 0
    var failed = 0
    var start = ContinuousClock.now
    var shown = ContinuousClock.now
    var isVisible = false
  }

  private let console: Console
  private let verbose: Bool
  private let state: Mutex<State>

  init(_ console: Console, _ label: String, total: Int, verbose: Bool = false) {
    self.console = console
    self.verbose = verbose
    state = Mutex(State(label: label, total: total))
  }

  func began(_ wave: Wave, of count: Int) {
    end()
    state.withLock {
      $0 = State(label: "wave \(wave.number) of \(count), \(wave.name)", total: wave.indices.count)
    }
  }

  func finished(_ installation: Installation, _ outcome: Outcome) {
    state.withLock { state in
      state.done += 1
      if outcome.status == .failed || outcome.status == .unreachable { state.failed += 1 }
      if verbose { console.log(Self.line(installation, outcome)) }
      let now = ContinuousClock.now
      guard console.isLively, !verbose, now - state.shown > .milliseconds(100) else { return }
      state.shown = now
      state.isVisible = true
      console.live(Self.bar(state, now))
    }
  }

  /// Ends the line, and leaves its last state on the screen.
  func end() {
    state.withLock { state in
      guard state.isVisible else { return }
      console.live(Self.bar(state, .now) + "\n")
      state.isVisible = false
    }
  }

  private static func bar(_ state: State, _ now: ContinuousClock.Instant) -> String {
    let width = 20
    let full = state.total == 0 ? width : state.done * width / state.total
    let seconds = (now - state.start).milliseconds / 1000
    let rate = seconds > 0 ? Double(state.done) / seconds : 0
    let left = rate > 0 ? Int((Double(state.total - state.done) / rate).rounded(.up)) : 0
    let tenths = Int(rate * 10)
    let speed = state.done > 0 ? "   \(tenths / 10).\(tenths % 10)/s" : ""
    let time = state.done < state.total ? "   \(left / 60):\(left % 60 < 10 ? "0" : "")\(left % 60) left" : ""
    let failures = state.failed > 0 ? "   \(state.failed) failed" : ""
    return
      "  \(state.label)  \(String(repeating: "█", count: full))\(String(repeating: "·", count: width - full))"
      + "  \(state.done)/\(state.total)\(speed)\(time)\(failures)"
  }

  private static func line(_ installation: Installation, _ outcome: Outcome) -> String {
    let time = outcome.milliseconds["total"].map { " in \(Int($0.rounded())) ms" } ?? ""
    let version = outcome.versionAfter.map { ", version \($0)" } ?? ""
    return "  \(installation.id): \(outcome.status.rawValue)\(version)\(time)"
      + (outcome.failure.map { ": \("\($0)".oneLine)" } ?? "")
  }
}
