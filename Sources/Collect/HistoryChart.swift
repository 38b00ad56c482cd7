/// The reports of a coordinator over time: a bar each, made of what is well, what waits and what failed.
enum HistoryChart {
  /// The most bars.
  static let width = 60
  private static let height = 100

  static func svg(_ reports: [StoredReport]) -> HTML {
    let most = max(1, reports.map(\.installations).max() ?? 1)
    let bars: [HTML] = reports.enumerated().map { bar($1, at: $0, of: most) }
    return """
      <svg viewBox="0 0 \(width * 10) \(height)" preserveAspectRatio="none" role="img" \
      aria-label="installations by report: well, waiting, failed">
      \(bars)</svg>

      """
  }

  private static func bar(_ report: StoredReport, at place: Int, of most: Int) -> HTML {
    let failed = min(report.failed + report.unreachable, report.installations)
    let waiting = min(report.pending + report.skipped, report.installations - failed)
    let parts = [
      ("good", report.installations - failed - waiting), ("wait", waiting), ("bad", failed),
    ]
    var top = height
    let rectangles: [HTML] = parts.map { name, count in
      // What failed is seen, however few.
      let size = count == 0 ? 0 : max(2, count * height / most)
      top -= size
      return """
        <rect class="\(name)" x="\(place * 10)" y="\(max(0, top))" width="8" height="\(size)"/>
        """
    }
    return """
      <g><title>\(report.finishedAt), \(report.command): \(report.installations) installations, \(failed) failed, \
      \(report.drifted) drifted</title>\(rectangles)</g>

      """
  }
}
