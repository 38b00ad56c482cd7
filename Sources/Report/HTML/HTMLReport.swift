internal import Crypto
internal import Fleet
internal import FoundationEssentials
internal import Upgrade

/// One page with everything in it: it asks no network for anything, and its policy forbids it to.
///
/// What stands outside the table is bounded, whatever the fleet's size; the table's rows are data that the page's
/// script shows a hundred at a time. Without the script, and in print, there are some of them as a plain table.
struct HTMLReport: ReportRenderer {
  private let content: ReportContent

  init(_ content: ReportContent) { self.content = content }

  func write(_ body: (String) throws -> Void) throws {
    var table = try InstallationTable(content.readHeader())
    let overview = try Overview(content) { table.add($0) }
    let past = try content.past()
    let sections: [Markup] = [
      Attention(overview).section,
      "<div class=\"pair\">\n\(VersionBars(overview).section)\(Adoption(overview, past).section)</div>\n",
      WaveBars(overview, past.rollout).section,
      CohortList(overview).section,
      table.section(overview),
    ]
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

  private static let policy =
    "default-src 'none'; style-src \(hash(PageStyle.text)); script-src \(hash(PageScript.text)); "
    + "img-src data:; base-uri 'none'; form-action 'none'"

  /// What a Content-Security-Policy names a constant style or script by.
  private static func hash(_ text: String) -> String {
    "'sha256-\(Data(SHA256.hash(data: Data(text.utf8))).base64EncodedString())'"
  }

  private func start(_ overview: Overview) -> Markup {
    let header = overview.header
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="\(trusted: Self.policy)">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta name="referrer" content="no-referrer">
      <link rel="icon" href="data:,">
      <title>\(header.fleet): \(overview.headline)</title>
      <style>\(trusted: PageStyle.text)</style>
      </head>
      <body>
      \(trusted: Signs.definitions)
      <a class="skip" href="#installations">Skip to the installations</a>
      <header class="wrap">
      <p class="fleet"><bdi>\(header.fleet)</bdi></p>
      <h1><b>\(Numbers.grouped(overview.onLatest))</b> of \(Numbers.grouped(overview.total)) on version \
      \(overview.latest)</h1>
      \(StatusStrip.markup(Status.shown.map { ($0, overview.count($0)) }))
      <p class="meta">\(Self.meta(header))</p>
      </header>
      <main class="wrap">

      """
  }

  private static func meta(_ header: ReportHeader) -> Markup {
    let run = header.run
    var parts: [Markup] = [
      "<code>flotilla \(run.command)</code> \(run.result) <time datetime=\"\(run.finishedAt)\">"
        + "\(Numbers.minute(run.finishedAt))</time>"
    ]
    if let seconds = header.seconds { parts.append("took \(Numbers.duration(seconds))") }
    if let only = run.only { parts.append("only <code><bdi>\(only)</bdi></code>, not the whole fleet") }
    parts.append("\(TextLayout.count(header.migrations.count, "migration"))")
    return Markup(parts, separator: " · ")
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
