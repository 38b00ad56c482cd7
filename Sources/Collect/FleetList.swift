/// All fleets, each with the last report of each coordinator.
struct FleetList {
  let html: HTML

  init(_ store: ReportStore) throws {
    let rows: [[HTML]] = try store.latestReports().map { report in
      [
        "<a href=\"/fleets/\(report.fleet.asPathPart)\">\(report.fleet)</a>", "\(report.coordinator)",
        report.link,
        "\(report.command)", "\(report.installations)",
        StoredReport.alarm(report.failed + report.unreachable),
        StoredReport.alarm(report.drifted),
      ]
    }
    let head: [HTML] = [
      "fleet", "coordinator", "last report", "command", "installations", "failed", "drifted",
    ]
    let content: HTML = rows.isEmpty ? "<p>No report has come yet.</p>" : Page.table(head, rows)
    html = Page.html(title: "Fleets", "<h1>Fleets</h1>\n\(content)")
  }
}
