internal import Upgrade

/// The table of installations in the page itself. Readers without the script see a part of a large fleet.
struct InstallationTable {
  /// How many rows the page has without its script.
  static let limit = 500
  /// How many versions the filter offers.
  private static let mostVersions = 200

  private let header: ReportHeader
  private var urgent: [(place: Int, row: Markup)] = []
  private var others: [(place: Int, row: Markup)] = []
  private var count = 0

  init(_ header: ReportHeader) { self.header = header }

  /// Adds an installation if there is room. In a large fleet, those that need attention come first.
  mutating func add(_ installation: ReportedInstallation) {
    defer { count += 1 }
    if TableData.needsAttention(installation) {
      if urgent.count < Self.limit { urgent.append((count, row(installation))) }
    } else if others.count < Self.limit {
      others.append((count, row(installation)))
    }
  }

  private var rows: [Markup] {
    let all = urgent + others
    let ordered = count > Self.limit ? all : all.sorted { $0.place < $1.place }
    return ordered.prefix(Self.limit).map(\.row)
  }

  func section(_ overview: Overview) -> Markup {
    let rows = rows
    let note =
      overview.total <= rows.count
      ? ""
      : "\(rows.count) of \(Numbers.grouped(overview.total)) installations, those that need attention first. "
        + "JavaScript shows the others; flotilla report --format csv has them all."
    return """
      <section aria-labelledby="table-title" id="installations">
      <h2 id="table-title">Installations</h2>
      \(controls(overview))
      <p id="count" role="status" class="soft with-script"></p>
      <table class="rows" role="table" aria-labelledby="table-title">
      <caption id="caption" class="without-script">\(note)</caption>
      <thead role="rowgroup"><tr role="row">\(Self.columns.map(Self.head))</tr></thead>
      <tbody id="rows" role="rowgroup">
      \(rows)</tbody>
      </table>
      <nav class="pages with-script" id="pages" aria-label="Pages of the table" hidden>
      <button type="button" id="previous">Previous</button><span id="page"></span>
      <button type="button" id="next">Next</button>
      </nav>
      </section>

      """
  }

  // MARK: Head

  private static let columns = [
    "Installation", "Status", "Version", "Drift", "Wave", "Groups", "Size", "Took",
  ]

  private static func head(_ name: String) -> Markup {
    let key = name == "Installation" ? "id" : name.lowercased()
    let side: Markup = ["Drift", "Wave", "Size", "Took"].contains(name) ? " class=\"right\"" : .nothing
    return """
      <th scope="col" role="columnheader" data-key="\(key)"\(side)><button type="button" disabled>\(name)</button></th>
      """
  }

  private func controls(_ overview: Overview) -> Markup {
    let statuses = Status.shown.filter { overview.count($0) > 0 }.map { ($0.rawValue, $0.word) }
    let versions = overview.versions.prefix(Self.mostVersions).map { ($0.name, $0.name) }
    let causes = overview.causes.enumerated().map { ("\($0)", "\($1.failure)") }
    return """
      <form id="controls" class="controls with-script" autocomplete="off">
      <label>Filter by name, path, group or message <input type="search" name="text" spellcheck="false"></label>
      \(Self.select("Status", "status", [("attention", "needs attention"), ("drifted", "drifted")] + statuses))
      \(Self.select("Version", "version", versions))
      \(causes.isEmpty ? .nothing : Self.select("Cause", "cause", causes))
      <button type="reset">Show all</button>
      </form>
      """
  }

  private static func select(_ label: String, _ name: String, _ options: [(value: String, text: String)])
    -> Markup
  {
    let list = options.map { option -> Markup in
      let text = option.text.count > 60 ? option.text.prefix(60) + "…" : option.text
      return "<option value=\"\(option.value)\">\(text)</option>"
    }
    return "<label>\(label) <select name=\"\(name)\"><option value=\"\">any</option>\(list)</select></label>"
  }

  // MARK: Rows

  /// A row with the same cells as the page's script creates.
  private func row(_ installation: ReportedInstallation) -> Markup {
    let reason = TableData.note(installation) ?? installation.error?.description
    let groups = installation.groups.joined(separator: ", ")
    let labels = installation.labelList.joined(separator: ", ")
    let before = TableData.before(installation).map { "\($0) → " } ?? ""
    return """
      <tr role="row"><th scope="row" role="rowheader"><span class="id"><bdi>\(installation.id)</bdi></span>\
      <small><bdi>\(installation.place)</bdi></small></th>\
      <td class="said" role="cell" data-name="Status"><span class="status">\
      \(Signs.sign(installation.status.rawValue))\(installation.status.word)</span>\(Self.small(reason ?? ""))</td>\
      \(cell("Version", "version", "\(before + TableData.after(installation))"))\
      \(cell("Drift", "right", drift(installation)))\
      \(cell("Wave", "right", "\(installation.wave.map(String.init) ?? "")"))\
      \(cell("Groups", "groups", groups.isEmpty ? Self.bare(labels) : "<bdi>\(groups)</bdi>\(Self.small(labels))"))\
      \(cell("Size", "right", "\(installation.bytes.map(Numbers.size) ?? "")"))\
      \(cell("Took", "right", "\(TableData.took(installation))"))</tr>

      """
  }

  private func cell(_ name: String, _ kind: String, _ content: Markup) -> Markup {
    "<td class=\"\(kind)\" role=\"cell\" data-name=\"\(name)\">\(content)</td>"
  }

  private static func small(_ text: String) -> Markup {
    text.isEmpty ? .nothing : "<small><bdi>\(text)</bdi></small>"
  }

  private static func bare(_ text: String) -> Markup { text.isEmpty ? .nothing : "<bdi>\(text)</bdi>" }

  private func drift(_ installation: ReportedInstallation) -> Markup {
    let count = installation.shownDrift.count
    guard count > 0 else { return .nothing }
    guard let place = TableData.cohort(installation, header) else { return "\(Numbers.grouped(count))" }
    return "<a href=\"#cohort-\(place)\">\(Numbers.grouped(count))</a>"
  }
}
