/// A summary of a report, for a page that shows several.
package struct ReportCard {
  private let overview: Overview
  private let past: ReportContent.Past

  /// - Parameters:
  ///   - overview: the overview of the report, with the address of its page.
  ///   - past: the runs before it.
  package init(_ overview: Overview, _ past: ReportContent.Past) {
    self.overview = overview
    self.past = past
  }

  /// The card under the heading `title`, which names the report's source. All ids in it begin with `id`.
  package func section(_ title: Markup, id: String) -> Markup {
    """
    <section aria-labelledby="\(id)">
    <h2 id="\(id)">\(title)</h2>
    <p class="headline">\(overview.heading)</p>
    \(overview.statusSection)
    <h3 id="\(id)-attention">Needs attention</h3>
    \(Attention(overview, limit: 3).list)
    <h3 id="\(id)-versions">Versions</h3>
    \(VersionBars(overview).table(under: "\(id)-versions"))
    <h3 id="\(id)-adoption">Adoption over time</h3>
    \(Adoption(overview, past).plot(under: "\(id)-adoption"))
    </section>

    """
  }
}
