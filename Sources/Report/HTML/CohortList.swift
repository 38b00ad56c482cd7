internal import Basics
internal import Schema

/// The cohorts, largest first, each with all differences from the expected schema.
struct CohortList {
  /// How many cohorts the page shows.
  static let limit = 40
  private static let findingLimit = 25

  private let overview: Overview

  init(_ overview: Overview) { self.overview = overview }

  /// The position of an installation's cohort in the list; nil if the cohort isn't shown.
  static func place(version: MigrationVersion?, fingerprint: String?, _ header: ReportHeader) -> Int? {
    header.cohorts.prefix(limit).firstIndex { $0.version == version && $0.fingerprint == fingerprint }
  }

  var section: Markup {
    let cohorts = overview.header.cohorts
    guard !cohorts.isEmpty else { return .nothing }
    let more = cohorts.dropFirst(Self.limit)
    let rest: Markup =
      more.isEmpty
      ? .nothing
      : """
      <li><p>and \(more.count) more, with \(counted(more.map(\.count).reduce(0, +), "installation"))</p></li>
      """
    return """
      <section aria-labelledby="cohorts">
      <h2 id="cohorts">Cohorts</h2>
      <p class="soft">A cohort is all installations with the same recorded versions and the same schema.</p>
      <ul class="items">
      \(cohorts.prefix(Self.limit).enumerated().map { Self.item($1, at: $0) })\(rest)</ul>
      </section>

      """
  }

  private static func item(_ cohort: ReportHeader.Cohort, at place: Int) -> Markup {
    let drift = cohort.drift.shown(all: true)
    let isDrifted = drift.contains { $0.severity == .error }
    let note: Markup =
      drift.isEmpty
      ? "<p class=\"soft\">\(cohort.version == nil ? "Untracked: there is nothing to compare it with." : "As it should be.")</p>"
      : findings(drift)
    return """
      <li id="cohort-\(place)"><h3>\(Signs.sign(isDrifted ? "drifted" : cohort.version == nil ? "skipped" : "current"))<span>\
      \(counted(cohort.count, "installation")) \(cohort.place)</span></h3>
      <div class="below">\(note)</div></li>

      """
  }

  private static func findings(_ drift: [Difference]) -> Markup {
    let items = drift.prefix(findingLimit).map { difference -> Markup in
      let severity: Markup =
        difference.severity == .error ? .nothing : " <small>\(difference.severity.rawValue)</small>"
      return "<li><bdi>\(difference.description)</bdi>\(severity)</li>"
    }
    let more = drift.count - findingLimit
    let rest: Markup = more > 0 ? "<li>and \(more) more</li>" : .nothing
    let list: Markup = "<ul class=\"findings\">\(items)\(rest)</ul>"
    guard drift.count > 6 else { return list }
    return "<details><summary>\(drift.count) differences</summary>\(list)</details>"
  }
}
