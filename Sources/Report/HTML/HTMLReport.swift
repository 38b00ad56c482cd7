/// A self-contained page: it makes no network requests, and its policy forbids them.
///
/// Everything outside the table has a bounded size, whatever the size of the fleet. The table's rows are data, of
/// which the page's script shows a hundred at a time. Without the script and in print, some rows appear as a plain
/// table.
package struct HTMLReport: ReportRenderer {
  /// The parts of a page that don't come from its report, if the page is one of several.
  package struct PageContext: Sendable {
    fileprivate let navigation: Markup
    fileprivate let sections: [Markup]

    /// Creates a context from links to other pages, shown above the heading, and sections below the report's own.
    package init(navigation: Markup = .nothing, sections: [Markup] = []) {
      self.navigation = navigation
      self.sections = sections
    }
  }

  private let content: ReportContent
  private let around: PageContext

  init(_ content: ReportContent) { self.init(content, around: PageContext()) }

  /// Creates a page that is one of several.
  package init(_ content: ReportContent, around: PageContext) {
    self.content = content
    self.around = around
  }

  package func write(_ body: (String) throws -> Void) throws {
    var table = try InstallationTable(content.readHeader())
    let overview = try Overview(content) { table.add($0) }
    let past = try content.past()
    let sections: [Markup] =
      [
        Attention(overview).section,
        "<div class=\"pair\">\n\(VersionBars(overview).section)\(Adoption(overview, past).section)</div>\n",
        WaveBars(overview, past.rollout).section,
        CohortList(overview).section,
        table.section(overview),
      ] + around.sections
    try body(start(overview).text)
    for section in sections { try body(section.text) }
    try body("</main>\n\(Self.footer(overview.header).text)")
    try writeData(overview, body)
    try body("<script>\(PageScript.text)</script>\n</body>\n</html>\n")
  }

  private func writeData(_ overview: Overview, _ body: (String) throws -> Void) throws {
    try body("<script type=\"application/json\" id=\"data\">")
    try body(TableData.start(overview))
    var separator = "\n"
    try content.forEachInstallation { installation in
      try body(separator + TableData.row(installation, overview))
      separator = ",\n"
    }
    try body("\n]}</script>\n")
  }

  // MARK: The frame

  private func start(_ overview: Overview) -> Markup {
    Page.start(
      title: "\(overview.header.fleet): \(overview.headline)",
      skip: "<a class=\"skip\" href=\"#installations\">Skip to the installations</a>\n",
      header: """
        \(around.navigation)<p class="fleet"><bdi>\(overview.header.fleet)</bdi></p>
        <h1>\(overview.heading)</h1>
        \(overview.statusSection)
        """)
  }

  private static func footer(_ header: ReportHeader) -> Markup {
    """
    <footer class="wrap">
    <p>Run <code>\(header.run.id)</code>, \(header.program). Migrations <code>\(header.migrations.digest.prefix(19)
      .description)</code>. All times are UTC.</p>
    </footer>

    """
  }
}
