internal import Fleet
internal import Schema
internal import Upgrade

/// What needs somebody: failures and what was not reached, by cause, then drift. First on the page, and empty when
/// all is well.
struct Attention {
  private static let causeLimit = 12, cohortLimit = 8, namesShown = 8

  private let overview: Overview

  init(_ overview: Overview) { self.overview = overview }

  var section: Markup {
    let items = causes + drift
    return """
      <section aria-labelledby="attention"\(items.isEmpty ? "" : " class=\"alarm\"" as Markup)>
      <h2 id="attention">\(items.isEmpty ? "Nothing needs attention" : "Needs attention")</h2>
      \(items.isEmpty ? Self.calm : "<ul class=\"items\">\(items)</ul>" as Markup)
      </section>

      """
  }

  private static let calm: Markup = """
    <p class="good">\(Signs.sign("migrated"))<span>Nothing failed, everything was reached, and no schema has \
    drifted.</span></p>
    """

  // MARK: Causes

  private var causes: [Markup] {
    let causes = overview.causes.enumerated().filter { $1.status != .skipped }
    let more = causes.dropFirst(Self.causeLimit)
    return causes.prefix(Self.causeLimit).map { item($1, at: $0) }
      + (more.isEmpty
        ? [] : [Self.rest(more.count, "more cause", more.map { $1.count }.reduce(0, +), "attention")])
  }

  private func item(_ cause: Overview.Cause, at place: Int) -> Markup {
    """
    <li><h3>\(Signs.sign(cause.status.rawValue))<span>\(Numbers.grouped(cause.count)) \(cause.status.word): \
    <bdi>\(cause.failure.description)</bdi></span></h3>
    <div class="below">
    <p class="soft"><code>\(cause.failure.code)</code> \(cause.failure.advice)</p>
    \(Self.names(cause.ids, of: cause.count, filter: ("cause", "\(place)")))
    </div></li>

    """
  }

  private static func names(_ ids: [String], of count: Int, filter: (String, String)) -> Markup {
    let list: Markup = "<ul class=\"names\">\(ids.map { "<li><bdi>\($0)</bdi></li>" as Markup })</ul>"
    let rest = count - ids.count
    let link: Markup = """
      <a href="#installations" data-filter="\(filter.0)" data-value="\(filter.1)">\
      \(count == 1 ? "show it in the table" : "show all \(Numbers.grouped(count)) in the table")</a>
      """
    guard ids.count > namesShown else { return "\(list)<p class=\"jump with-script\">\(link)</p>" }
    let some = rest > 0 ? "The first \(ids.count) installations" : "The \(ids.count) installations"
    return "<details><summary>\(some)</summary>\(list)</details><p class=\"jump with-script\">\(link)</p>"
  }

  private static func rest(_ count: Int, _ noun: String, _ installations: Int, _ filter: String) -> Markup {
    """
    <li><p>and \(TextLayout.count(count, noun)), with \(TextLayout.count(installations, "installation")): \
    <a href="#installations" data-filter="status" data-value="\(filter)">show in the table</a></p></li>

    """
  }

  // MARK: Drift

  private var drift: [Markup] {
    let drifted = overview.header.cohorts.enumerated().filter { !$1.drift.shown(all: false).isEmpty }
    let more = drifted.dropFirst(Self.cohortLimit)
    return drifted.prefix(Self.cohortLimit).map { place, cohort in
      let findings = cohort.drift.shown(all: false)
      let first = findings.first.map { "\($0)" } ?? ""
      let others = findings.count > 1 ? ", and \(findings.count - 1) more" : ""
      return """
        <li><h3>\(Signs.sign("drifted"))<span>\(Numbers.grouped(cohort.count)) drifted: <bdi>\(first)</bdi>\(others)\
        </span></h3>
        <div class="below"><p class="soft">\(cohort.place): \
        <a href="#cohort-\(place)">all that differs</a><span class="jump with-script">, <a href="#installations" \
        data-filter="status" data-value="drifted">all drifted installations in the table</a></span></p></div></li>

        """
    }
      + (more.isEmpty
        ? [] : [Self.rest(more.count, "more drifted cohort", more.map { $1.count }.reduce(0, +), "drifted")])
  }
}
