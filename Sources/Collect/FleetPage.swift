internal import SQLite

/// One fleet: what its coordinators last said of it, side by side, and how it came there.
///
/// A renderer of whole reports could take this one's place.
struct FleetPage {
  let html: HTML

  /// Nil where nothing is known of a fleet of that name.
  init?(_ store: ReportStore, _ fleet: String) throws {
    let latest = try store.latestReports(of: fleet)
    guard !latest.isEmpty else { return nil }
    let content: [HTML] = [
      "<p><a href=\"/\">All fleets</a></p>\n<h1>\(fleet)</h1>\n", Self.coordinators(latest),
      try Self.versions(latest, store), try Self.failures(fleet, store),
      try Self.history(fleet, latest, store), try Self.reports(fleet, store),
    ]
    html = Page.html(title: fleet, "\(content)")
  }

  private static func coordinators(_ latest: [StoredReport]) -> HTML {
    func row(_ name: HTML, _ value: (StoredReport) -> HTML) -> [HTML] { [name] + latest.map(value) }
    func count(_ name: HTML, _ value: (StoredReport) -> Int) -> [HTML] { row(name) { "\(value($0))" } }
    let head: [HTML] = [""] + latest.map { "\($0.coordinator)" }
    return Page.table(
      head,
      [
        row("last report", \.link), row("command") { "\($0.command), \($0.result)" },
        row("program") { "\($0.program)" }, count("installations", \.installations),
        count("migrated", \.migrated), count("current", \.current), count("pending", \.pending),
        row("failed") { StoredReport.alarm($0.failed) },
        row("unreachable") { StoredReport.alarm($0.unreachable) }, count("left alone", \.skipped),
        row("drifted") { StoredReport.alarm($0.drifted) },
      ])
  }

  private static func versions(_ latest: [StoredReport], _ store: ReportStore) throws -> HTML {
    let counts = try latest.map { try store.versions(of: $0.id) }
    let names = Set(counts.flatMap(\.keys)).sorted { (Int($0) ?? -1, $0) > (Int($1) ?? -1, $1) }
    let rows: [[HTML]] = names.prefix(100).map { name in
      ["\(name)"] + counts.map { "\($0[name] ?? 0)" }
    }
    let head: [HTML] = ["version"] + latest.map { "\($0.coordinator)" }
    return rows.isEmpty ? "" : "<h2>Versions</h2>\n\(Page.table(head, rows))"
  }

  private static func failures(_ fleet: String, _ store: ReportStore) throws -> HTML {
    let rows = try store.rows(
      """
      SELECT r.coordinator, i.id, i.host, i.status, i.version, i.error FROM installations AS i
      JOIN reports AS r ON r.id = i.report
      WHERE r.fleet = ? AND i.status IN ('failed', 'unreachable') ORDER BY r.coordinator, i.place LIMIT 200
      """, [.text(fleet)]
    ) { row -> [HTML] in
      let name = [row.text(1), row.text(2).map { "on \($0)" }].compactMap { $0 }.joined(separator: " ")
      return [
        "\(name)", "\(row.text(0) ?? "")", "\(row.text(3) ?? "")", "\(row.text(4) ?? "")",
        "\(row.text(5) ?? "")",
      ]
    }
    let head: [HTML] = ["installation", "coordinator", "status", "version", "why"]
    return rows.isEmpty ? "" : "<h2>Failures</h2>\n\(Page.table(head, rows))"
  }

  private static func history(_ fleet: String, _ latest: [StoredReport], _ store: ReportStore) throws -> HTML
  {
    let charts: [HTML] = try latest.prefix(20).map { last in
      let reports = try store.reports(of: fleet, last.coordinator, limit: HistoryChart.width)
      return "<h3>\(last.coordinator)</h3>\n\(HistoryChart.svg(reports.reversed()))"
    }
    return "<h2>History</h2>\n\(charts)"
  }

  private static func reports(_ fleet: String, _ store: ReportStore) throws -> HTML {
    let rows: [[HTML]] = try store.reports(of: fleet, limit: 50).map { report in
      [
        report.link, "\(report.coordinator)", "\(report.command), \(report.result)",
        "\(report.installations)",
        StoredReport.alarm(report.failed + report.unreachable), StoredReport.alarm(report.drifted),
      ]
    }
    let head: [HTML] = ["report", "coordinator", "command", "installations", "failed", "drifted"]
    return "<h2>Reports</h2>\n\(Page.table(head, rows))"
  }
}
