/// The frame around every page: one file, no script, nothing from elsewhere.
enum Page {
  static func html(title: String, _ content: HTML) -> HTML {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(title) · Flotilla</title>
    <style>\(style)</style>
    </head>
    <body>
    <main>
    \(content)
    </main>
    </body>
    </html>

    """
  }

  /// A table; the first cell of a row names it.
  static func table(_ head: [HTML], _ rows: [[HTML]]) -> HTML {
    let cells: [HTML] = head.map { "<th scope=\"col\">\($0)</th>" }
    let lines: [HTML] = rows.map { row in
      let rest: [HTML] = row.dropFirst().map { "<td>\($0)</td>" }
      let first: HTML = row.first ?? ""
      return "<tr><th scope=\"row\">\(first)</th>\(rest)</tr>\n"
    }
    return """
      <div class="scroll"><table>
      <thead><tr>\(cells)</tr></thead>
      <tbody>
      \(lines)</tbody>
      </table></div>
      """
  }

  private static let style: HTML = """

    :root { color-scheme: light dark; --line: #8884; --bad: #c22; --wait: #c80; --good: #294; }
    body { font: 16px/1.5 system-ui, sans-serif; margin: 0; }
    main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
    h1, h2 { line-height: 1.2; }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; }
    th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0;
      border-bottom: 1px solid var(--line); }
    td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
    tbody th { font-weight: normal; }
    .bad { color: var(--bad); font-weight: bold; }
    svg { width: 100%; height: 6rem; border-bottom: 1px solid var(--line); }
    svg .good { fill: var(--good); } svg .wait { fill: var(--wait); } svg .bad { fill: var(--bad); }

    """
}
