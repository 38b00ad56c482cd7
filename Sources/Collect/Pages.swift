internal import Report

/// Creates the pages from the reports in the store. It is used by one thread at a time.
final class Pages {
  private static let mostReports = 50, mostCards = 24, largestKept = 1 << 20

  private let shelf: ReportReader
  /// The overviews by report number. Reports don't change, and reading a large one takes a moment.
  private var overviews: [Int64: Overview] = [:]

  init(_ shelf: ReportReader) { self.shelf = shelf }

  /// A list of all fleets, each with the last report of each coordinator.
  func fleets() throws -> String {
    let latest = try shelf.latest()
    let content: Markup =
      latest.isEmpty
      ? """
      <p>No report has come yet. A coordinator sends its reports here when <code>report.url</code> in its \
      <code>fleet.yml</code> is the address of this page.</p>
      """
      : WideTable(
        ["Fleet", "Coordinator"] + Self.columns,
        latest.map { [Self.fleet($0), Self.coordinator($0)] + Self.cells($0) }
      )
      .markup(under: "fleets")
    let section: Markup = "<section aria-labelledby=\"fleets\">\n\(content)\n</section>\n"
    return Page.text(title: "Fleets · Flotilla", header: "<h1 id=\"fleets\">Fleets</h1>\n", [section])
  }

  /// The page of a fleet. With one coordinator it shows that coordinator's last report; with several it shows a
  /// summary of each last report, side by side.
  ///
  /// - Returns: nil if there is no report of a fleet with this name.
  func fleet(_ name: String) throws -> String? {
    let latest = try shelf.latest(of: name)
    guard let first = latest.first else { return nil }
    guard latest.count > 1 else { return try page(first, [Trail.home], ofLatest: true) }
    let coordinators: Markup = """
      <section aria-labelledby="coordinators">
      <h2 id="coordinators">Coordinators</h2>
      \(WideTable(["Coordinator"] + Self.columns, latest.map { [Self.coordinator($0)] + Self.cells($0) })
        .markup(under: "coordinators"))
      </section>

      """
    let urgent = latest.filter(\.needsAttention) + latest.filter { !$0.needsAttention }
    let cards = try urgent.prefix(Self.mostCards).enumerated().map { try card($1, id: "coordinator-\($0)") }
    let note: Markup =
      latest.count <= Self.mostCards
      ? .nothing
      : """
      <p class="soft">Of \(latest.count) coordinators, the \(Self.mostCards) that need attention first are shown side by \
      side.</p>

      """
    let header: Markup = """
      \(Trail([Trail.home]).markup)<p class="fleet">What \(latest.count) coordinators say</p>
      <h1><bdi>\(name)</bdi></h1>

      """
    return Page.text(
      title: "\(name) · Flotilla", header: header,
      [
        coordinators, note, "<div class=\"pair\">\n\(cards)</div>\n",
        try reports(name, showsCoordinator: true),
      ])
  }

  /// The page of a coordinator's last report; nil if there is none.
  func coordinator(_ fleet: String, _ name: String) throws -> String? {
    try shelf.reports(of: fleet, name, limit: 1).first.map {
      try page($0, [Trail.home, (Address.fleet(fleet), fleet)], ofLatest: true)
    }
  }

  /// The page of a report; nil if there is none with this id.
  func report(_ id: String) throws -> String? {
    try shelf.report(id).map { report in
      let steps = [
        Trail.home, (Address.fleet(report.fleet), report.fleet),
        (Address.coordinator(report.fleet, report.coordinator), report.coordinator),
      ]
      return try page(report, steps, ofLatest: false)
    }
  }

  // MARK: Parts

  private func page(_ report: StoredReport, _ steps: [Trail.Crumb], ofLatest: Bool) throws -> String {
    let name: Markup = ofLatest ? "<bdi>\(report.coordinator)</bdi>" : Self.time(report)
    let trail = Trail(steps, report, name: name).markup
    let rest = ofLatest ? [try reports(report.fleet, report.coordinator, showsCoordinator: false)] : []
    let around = HTMLReport.PageContext(navigation: trail, sections: rest)
    var text = ""
    do {
      try HTMLReport(try shelf.content(of: report), around: around).write { text += $0 }
    } catch is DecodingError {
      let header: Markup = "\(trail)<h1><bdi>\(report.fleet)</bdi></h1>\n"
      let section: Markup = "<section>\(Self.unreadable)</section>\n"
      text = Page.text(title: "\(report.fleet) · Flotilla", header: header, [section] + rest)
    }
    return text
  }

  private static let unreadable: Markup = """
    <p>This report can't be shown as a page: it isn't as this version of flotilla writes it. As JSON it is here as it \
    came.</p>
    """

  private func card(_ report: StoredReport, id: String) throws -> Markup {
    let title: Markup = """
      <a href="\(Address.coordinator(report.fleet, report.coordinator))"><bdi>\(report.coordinator)</bdi></a>
      """
    do {
      return try ReportCard(overview(report), shelf.past(report)).section(title, id: id)
    } catch is DecodingError {
      return
        "<section aria-labelledby=\"\(id)\">\n<h2 id=\"\(id)\">\(title)</h2>\n\(Self.unreadable)</section>\n"
    }
  }

  private func overview(_ report: StoredReport) throws -> Overview {
    if let overview = overviews[report.number] { return overview }
    let overview = try Overview(shelf.content(of: report), at: Address.report(report.id))
    guard overview.size <= Self.largestKept else { return overview }
    if overviews.count >= Self.mostCards { overviews = [:] }
    overviews[report.number] = overview
    return overview
  }

  private func reports(_ fleet: String, _ coordinator: String? = nil, showsCoordinator: Bool) throws -> Markup
  {
    let rows = try shelf.reports(of: fleet, coordinator, limit: Self.mostReports).map { report in
      let cells = Self.cells(report)
      return [cells[0]] + (showsCoordinator ? [Self.coordinator(report)] : []) + cells.dropFirst()
    }
    let columns = [Self.columns[0]] + (showsCoordinator ? ["Coordinator"] : []) + Self.columns.dropFirst()
    return """
      <section aria-labelledby="reports">
      <h2 id="reports">\(rows.count < Self.mostReports ? "Reports" : "The last \(Self.mostReports) reports")</h2>
      \(WideTable(columns, rows).markup(under: "reports"))
      </section>

      """
  }

  // MARK: Lists of reports

  private static let columns: [WideTable.Column] = [
    "Report", "Run", .number("Installations"), .number("On latest version"), .number("Failed"),
    .number("Unreachable"), .number("Drifted"),
  ]

  private static func cells(_ report: StoredReport) -> [Markup] {
    [
      "<a href=\"\(Address.report(report.id))\">\(time(report))</a>",
      run(report), "\(Numbers.grouped(report.installations))",
      "\(Numbers.grouped(report.onLatest))", alarm(report.failed, "failed"),
      alarm(report.unreachable, "unreachable"), alarm(report.drifted, "drifted"),
    ]
  }

  /// `migrate`, with the result unless it is `finished`, and the selection.
  private static func run(_ report: StoredReport) -> Markup {
    let result: Markup = report.result == "finished" ? .nothing : ", \(report.result)"
    let selection = report.selection.map { " <small>only <bdi>\($0)</bdi></small>" as Markup } ?? .nothing
    return "\(report.command)\(result)\(selection)"
  }

  private static func time(_ report: StoredReport) -> Markup {
    "<time datetime=\"\(report.finishedAt)\">\(Numbers.minute(report.finishedAt))</time>"
  }

  /// A number that is emphasized unless it is 0.
  private static func alarm(_ count: Int, _ kind: String) -> Markup {
    count == 0 ? "0" : "<b class=\"\(kind)\">\(Numbers.grouped(count))</b>"
  }

  private static func fleet(_ report: StoredReport) -> Markup {
    "<a href=\"\(Address.fleet(report.fleet))\"><bdi>\(report.fleet)</bdi></a>"
  }

  private static func coordinator(_ report: StoredReport) -> Markup {
    "<a href=\"\(Address.coordinator(report.fleet, report.coordinator))\"><bdi>\(report.coordinator)</bdi></a>"
  }
}

/// The navigation from the list of fleets to a page.
private struct Trail {
  typealias Crumb = (address: String, name: String)
  static let home: Crumb = (Address.home, "All fleets")

  let markup: Markup

  /// - Parameters:
  ///   - steps: the pages above this one.
  ///   - report: the report that the page shows.
  ///   - name: the name of the page.
  init(_ steps: [Crumb], _ report: StoredReport, name: Markup) {
    self.init(
      steps,
      """
      <li aria-current="page">\(name)</li><li><a href="\(Address.report(report.id)).json">this report as JSON</a></li>
      """)
  }

  /// - Parameters:
  ///   - steps: the pages above this one.
  ///   - rest: the items after them.
  init(_ steps: [Crumb], _ rest: Markup = .nothing) {
    let links = steps.map { "<li><a href=\"\($0.address)\"><bdi>\($0.name)</bdi></a></li>" as Markup }
    markup = "<nav aria-label=\"Pages\"><ul class=\"trail\">\(links)\(rest)</ul></nav>\n"
  }
}
