internal import Basics
internal import Fleet
internal import Schema
internal import Upgrade

/// What needs attention: failed and unreachable installations by cause, then drift. It comes first on the page, and
/// says so if nothing needs attention.
struct Attention {
  private static let namesShown = 8

  private let overview: Overview
  private let limit: Int

  /// Creates the section. At most `limit` causes and `limit` drifted cohorts are listed individually.
  init(_ overview: Overview, limit: Int = 12) {
    self.overview = overview
    self.limit = limit
  }

  private var items: [Markup] { causes + drift }

  var section: Markup {
    let items = items
    return """
      <section aria-labelledby="attention"\(items.isEmpty ? "" : " class=\"alarm\"" as Markup)>
      <h2 id="attention">\(items.isEmpty ? "Nothing needs attention" : "Needs attention")</h2>
      \(Self.list(items))
      </section>

      """
  }

  /// The content of the section below its heading.
  var list: Markup { Self.list(items) }

  private static func list(_ items: [Markup]) -> Markup {
    items.isEmpty ? calm : "<ul class=\"items\">\(items)</ul>"
  }

  private static let calm: Markup = """
    <p class="good">\(Signs.sign("migrated"))<span>Nothing failed, everything was reached, and no schema has \
    drifted.</span></p>
    """

  // MARK: Causes

  private var causes: [Markup] {
    let causes = overview.causes.enumerated().filter { $1.status != .skipped }
    let more = causes.dropFirst(limit)
    return causes.prefix(limit).map { item($1, at: $0) }
      + (more.isEmpty
        ? [] : [rest(more.count, "more cause", more.map { $1.count }.reduce(0, +), "attention")])
  }

  private func item(_ cause: Overview.Cause, at place: Int) -> Markup {
    """
    <li><h3>\(Signs.sign(cause.status.rawValue))<span>\(Numbers.grouped(cause.count)) \(cause.status.word): \
    <bdi>\(cause.failure.description)</bdi></span></h3>
    <div class="below">
    <p class="soft"><code>\(cause.failure.code.rawValue)</code> \(cause.failure.advice(for: cause.ids, of: cause.count))</p>
    \(names(cause.ids, of: cause.count, filter: ("cause", "\(place)")))
    </div></li>

    """
  }

  private func names(_ ids: [String], of count: Int, filter: (String, String)) -> Markup {
    let list: Markup = "<ul class=\"names\">\(ids.map { "<li><bdi>\($0)</bdi></li>" as Markup })</ul>"
    let rest = count - ids.count
    let all = count == 1 ? "show it in the table" : "show all \(Numbers.grouped(count)) in the table"
    let link = overview.link(to: filter.0, filter.1, "\(all)")
    guard ids.count > Self.namesShown else { return "\(list)<p class=\"\(overview.jump)\">\(link)</p>" }
    let some = rest > 0 ? "The first \(ids.count) installations" : "The \(ids.count) installations"
    return "<details><summary>\(some)</summary>\(list)</details><p class=\"\(overview.jump)\">\(link)</p>"
  }

  private func rest(_ count: Int, _ noun: String, _ installations: Int, _ filter: String) -> Markup {
    """
    <li><p>and \(counted(count, noun)), with \(counted(installations, "installation")): \
    \(overview.link(to: "status", filter, "show in the table"))</p></li>

    """
  }

  // MARK: Drift

  private var drift: [Markup] {
    let drifted = overview.header.cohorts.enumerated().filter { !$1.drift.shown(all: false).isEmpty }
    let more = drifted.dropFirst(limit)
    return drifted.prefix(limit).map { place, cohort in
      let findings = cohort.drift.shown(all: false)
      let first = findings.first.map { "\($0)" } ?? ""
      let others = findings.count > 1 ? ", and \(findings.count - 1) more" : ""
      return """
        <li><h3>\(Signs.sign("drifted"))<span>\(Numbers.grouped(cohort.count)) drifted: <bdi>\(first)</bdi>\(others)\
        </span></h3>
        <div class="below"><p class="soft">\(cohort.place): \
        <a href="\(overview.address)#cohort-\(place)">all that differs</a><span class="\(overview.jump)">, \
        \(overview.link(to: "status", "drifted", "all drifted installations in the table"))</span></p></div></li>

        """
    }
      + (more.isEmpty
        ? [] : [rest(more.count, "more drifted cohort", more.map { $1.count }.reduce(0, +), "drifted")])
  }
}
