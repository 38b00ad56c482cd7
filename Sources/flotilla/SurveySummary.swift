import Basics
import Fleet
import FoundationEssentials
import Migrations
import Report
import Schema

/// What `init` found, for people.
struct SurveySummary {
  private let survey: Survey
  private let draft: FleetFileDraft
  private let isNewFolder: Bool
  private let isVerbose: Bool

  init(_ survey: Survey, _ draft: FleetFileDraft, _ isNewFolder: Bool, isVerbose: Bool) {
    (self.survey, self.draft, self.isNewFolder, self.isVerbose) = (survey, draft, isNewFolder, isVerbose)
  }

  /// The lines that say what was found.
  var lines: [String] { wrapped([("Migrations  ", migrations)] + databases) }

  private func wrapped(_ paragraphs: [(first: String, text: String)]) -> [String] {
    paragraphs.flatMap { TextLayout.wrap($0.text, first: $0.first) }
  }

  private var folder: String {
    let path = survey.migrations.path
    return path == FileManager.default.currentDirectoryPath ? "this folder" : Session.shown(path)
  }

  private var migrations: String {
    if let program = survey.migrations.program {
      let variable = program.environment.keys.sorted().joined()
      return
        "\(program.format), run in \(folder) with the database in \(variable); recorded in \(survey.history)"
    }
    let format = survey.migrations.format ?? ""
    let noun = format == MigrationFormats.standard.name ? "migration" : "\(format) migration"
    let count = survey.files.isEmpty ? "no migrations yet" : counted(survey.files.count, noun)
    return "\(folder)\(isNewFolder ? " (made)" : ""): \(count), recorded in \(survey.history)"
  }

  // MARK: Databases

  private var databases: [(first: String, text: String)] {
    let all = survey.databases
    let indent = "            "
    guard !all.databases.isEmpty else {
      return [
        (
          "Databases   ",
          "none were found: put them into the file, in place of the example under 'installations'"
        )
      ] + others(all.others, indent)
    }
    let sample = survey.states.count < all.databases.count ? "; \(survey.states.count) of them were read" : ""
    var texts = ["\(all.databases.count) in \(shortened(draft.installations, atMost: 5))\(sample)"]
    texts += versions
    texts += named("with a half-done migration, left alone until flotilla adopt has settled it") { state in
      if case .halfDone(let reason) = state { reason } else { nil }
    }
    texts += named("with a history that can't be used, left alone") { state in
      if case .obstructed(let reason) = state { reason } else { nil }
    }
    texts += named("with another tool's history, left alone") { state in
      if case .foreign(let place) = state { place } else { nil }
    }
    texts += named("that can't be read") { state in
      if case .unreadable(let reason) = state { reason } else { nil }
    }
    let first = texts.removeFirst()
    return [("Databases   ", first)] + texts.map { (indent, $0) } + others(all.others, indent)
      + all.duplicates.map {
        (indent, "\(Session.shown($0)): left out, since it is another path of one of these")
      }
  }

  private var versions: [String] {
    let counts = Dictionary(grouping: survey.states.map(\.state)) { $0 }.mapValues(\.count)
    var lines: [String] = []
    for (version, count) in counts.compactMap({ state, count -> (MigrationVersion, Int)? in
      if case .version(let version) = state { (version, count) } else { nil }
    }).sorted(by: { $0.0 < $1.0 }) {
      lines.append("\(count) at version \(version)")
    }
    if let count = counts[.untracked] { lines.append("\(count) without a history") }
    if let count = counts[.new] { lines.append("\(count) without tables") }
    return lines
  }

  /// The databases in some state, by name, with the reason.
  private func named(_ what: String, _ reason: (Survey.State) -> String?) -> [String] {
    let found = survey.states.compactMap { state in reason(state.state).map { (state.path, $0) } }
    guard !found.isEmpty else { return [] }
    let list = found.map { "\(Session.shown($0.0)): \($0.1)" }
    return ["\(found.count) \(what)"] + shown(list).map { "  \($0)" }
  }

  private func others(_ others: [DatabaseSearch.Other], _ indent: String) -> [(first: String, text: String)] {
    guard !others.isEmpty else { return [] }
    let list = others.map { "\(Session.shown($0.path)): \($0.reason)" }
    return [(indent, "\(counted(others.count, "file")) that \(others.count == 1 ? "is" : "are") no database")]
      + shown(list).map { (indent + "  ", $0) }
  }

  private func shown(_ list: [String]) -> [String] {
    isVerbose || list.count <= 5
      ? list : list.prefix(5) + ["… and \(list.count - 5) more; --verbose lists them"]
  }

  private func shortened(_ list: [String], atMost count: Int) -> String {
    let shown = isVerbose ? list : Array(list.prefix(count))
    return shown.joined(separator: ", ")
      + (list.count > shown.count ? " and \(list.count - shown.count) more" : "")
  }

  // MARK: Next

  /// The next command; `option` is how it finds the fleet file, empty if it needs none.
  func next(_ option: String) -> String {
    let command = "flotilla\(option)"
    if survey.migrations.program == nil, survey.files.isEmpty { return "Next: \(command) new NAME" }
    if survey.databases.databases.isEmpty {
      return "Next, once the databases are in the file: \(command) plan"
    }
    let isAdoptable = survey.states.contains { state in
      if case .halfDone = state.state { true } else { state.state == .untracked }
    }
    return "Next: \(command) \(isAdoptable && survey.migrations.program == nil ? "adopt" : "plan")"
  }
}
