internal import Schema

/// The number of installations on each version, with a bar for each.
struct VersionBars {
  private static let limit = 14

  private let overview: Overview

  init(_ overview: Overview) { self.overview = overview }

  var section: Markup {
    """
    <section aria-labelledby="versions">
    <h2 id="versions">Versions</h2>
    \(table(under: "versions"))
    </section>

    """
  }

  /// The bars without their section, under a heading with this id.
  func table(under heading: String) -> Markup {
    let rows = overview.versions.prefix(Self.limit).map(row)
    let more = overview.versions.dropFirst(Self.limit)
    let rest: Markup =
      more.isEmpty
      ? .nothing
      : """
      <tr><th scope="row">\(more.count) others</th><td class="wide"></td>
      <td class="number">\(Numbers.grouped(more.map(\.count).reduce(0, +)))</td><td class="number"></td></tr>
      """
    return """
      <table class="figures" aria-labelledby="\(heading)">
      <thead><tr><th scope="col">version</th><th class="wide"></th><th scope="col" class="number">installations</th>\
      <th scope="col" class="number">share</th></tr></thead>
      <tbody>
      \(rows)\(rest)
      </tbody></table>
      """
  }

  private func row(_ version: Overview.Version) -> Markup {
    let kind = version.isLatest ? "v0" : Overview.recorded(version.name) == nil ? "skipped" : "v1"
    let note = version.isLatest ? " (latest)" : isAhead(version) ? " (ahead)" : ""
    return """
      <tr\(version.isLatest ? " class=\"latest\"" as Markup : .nothing)><th scope="row">\
      \(overview.link(to: "version", version.name, "\(version.name)"))\(note)</th>
      <td class="wide">\(StatusStrip.bar([(kind, version.count)], of: overview.total, "bar"))</td>
      <td class="number">\(Numbers.grouped(version.count))</td>
      <td class="number">\(Numbers.share(version.count, of: overview.total))</td></tr>

      """
  }

  private func isAhead(_ version: Overview.Version) -> Bool {
    Overview.recorded(version.name).map { $0 > overview.header.migrations.latest } ?? false
  }
}
