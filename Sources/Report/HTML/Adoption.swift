internal import Fleet
internal import Schema

/// The share of the fleet on each version over time, from the runs that covered the whole fleet.
struct Adoption {
  private static let pointLimit = 120, bandLimit = 4, rowLimit = 30

  /// A version, or several versions together, and its share at each point.
  private struct Band {
    let name: String
    let shares: [Double]
  }

  private let overview: Overview
  private let points: [FleetPoint]
  /// The horizontal position of each point, from 0 to 1000.
  private let places: [Double]

  init(_ overview: Overview, _ past: ReportContent.Past) {
    self.overview = overview
    let all = overview.points(past).filter { $0.installations > 0 && Numbers.seconds($0.date) != nil }
    points = Self.thinned(all)
    places = Self.places(points)
  }

  var section: Markup {
    let subject: Markup = points.count > 1 ? "Adoption of version \(overview.latest)" : "Adoption"
    return """
      <section aria-labelledby="adoption">
      <h2 id="adoption">\(subject) over time</h2>
      \(plot(under: "adoption"))
      </section>

      """
  }

  /// The chart without its section, under a heading with this id.
  func plot(under heading: String) -> Markup {
    guard points.count > 1, let first = points.first, let last = points.last else { return Self.empty }
    let isShort = (Numbers.seconds(last.date) ?? 0) - (Numbers.seconds(first.date) ?? 0) < 3 * 86400
    let label = { (point: FleetPoint) in
      isShort ? Numbers.minute(point.date).replacing(" UTC", with: "") : String(point.date.prefix(10))
    }
    return """
      <div class="plot" aria-hidden="true">
      <div class="scale"><span>100%</span><span>50%</span><span>0%</span></div>
      \(chart)
      <div class="dates"><span>\(label(first))</span><span>\(label(last))</span></div>
      </div>
      <ul class="legend" aria-hidden="true">\(legend)</ul>
      \(figures(under: heading))
      """
  }

  private static let empty: Markup = """
    <p class="soft">There is one run over the whole fleet so far. Each <code>migrate</code> and each \
    <code>drift</code> adds a point, and two make a line.</p>
    """

  // MARK: Points

  /// Every nth point, counted from the last, if there are too many to draw.
  private static func thinned(_ points: [FleetPoint]) -> [FleetPoint] {
    let step = (points.count + pointLimit - 1) / pointLimit
    guard step > 1 else { return points }
    return points.indices.filter { (points.count - 1 - $0) % step == 0 }.map { points[$0] }
  }

  private static func places(_ points: [FleetPoint]) -> [Double] {
    let times = points.compactMap { Numbers.seconds($0.date) }
    guard let first = times.first, let last = times.max(), last > first else {
      return points.indices.map { Double($0) * 1000 / Double(max(1, points.count - 1)) }
    }
    return times.map { max(0, $0 - first) * 1000 / (last - first) }
  }

  // MARK: Bands

  /// The latest version first, then the most frequent others from newest to oldest, then all remaining ones together.
  private var bands: [Band] {
    var most: [String: Int] = [:]
    for point in points { most.merge(point.byVersion) { max($0, $1) } }
    most[overview.latest] = nil
    let order = { (name: String) in Int64(name) ?? -1 }
    let frequent = most.sorted { ($1.value, order($1.key)) < ($0.value, order($0.key)) }.map(\.key)
    let limit = frequent.count <= Self.bandLimit ? Self.bandLimit : Self.bandLimit - 1
    let own = frequent.prefix(limit).sorted { order($0) > order($1) }
    let others = Set(frequent.dropFirst(limit))
    let bands = ([overview.latest] + own).map { name in band(name) { $0 == name } }
    return bands + (others.isEmpty ? [] : [band("others") { others.contains($0) }])
  }

  private func band(_ name: String, _ isPart: (String) -> Bool) -> Band {
    Band(
      name: name,
      shares: points.map { point in
        let count = point.byVersion.filter { isPart($0.key) }.values.reduce(0, +)
        return min(1, Double(count) / Double(point.installations))
      })
  }

  private var legend: [Markup] {
    bands.enumerated().map { place, band in
      let name = Overview.recorded(band.name) == nil ? band.name : "version \(band.name)"
      return """
        <li><svg class="sign v\(place)"><rect width="100%" height="100%" rx="3"/></svg><span>\(name)</span></li>
        """
    }
  }

  // MARK: Drawing

  private var chart: Markup {
    var below = [Double](repeating: 0, count: points.count)
    let areas = bands.enumerated().map { place, band -> Markup in
      let above = zip(below, band.shares).map { min(1, $0 + $1) }
      defer { below = above }
      let path = line(above) + line(below, backwards: true).replacing("M", with: "L") + "Z"
      return "<path class=\"v\(place)\" d=\"\(path)\"/>"
    }
    let latest = bands.first?.shares ?? []
    let dots =
      points.count > 40
      ? "" : zip(places, latest).map { "M\(Self.point($0, $1))h0" }.joined()
    let grid = [0, 150, 300].map { "<path class=\"grid\" d=\"M0 \($0)H1000\"/>" as Markup }
    return """
      <svg viewBox="0 0 1000 300" preserveAspectRatio="none">\(areas)\(grid)
      <path class="line" d="\(line(latest))"/><path class="dots" d="\(dots)"/></svg>
      """
  }

  private func line(_ shares: [Double], backwards: Bool = false) -> String {
    let steps = zip(places, shares).map { Self.point($0, $1) }
    return "M" + (backwards ? steps.reversed() : steps).joined(separator: "L")
  }

  private static func point(_ place: Double, _ share: Double) -> String {
    "\(Numbers.decimal(place, digits: 1)) \(Numbers.decimal(300 - share * 300, digits: 1))"
  }

  // MARK: In figures

  private func figures(under heading: String) -> Markup {
    let shown = points.suffix(Self.rowLimit)
    let rows = shown.reversed().map { point -> Markup in
      let count = point.byVersion[overview.latest] ?? 0
      return """
        <tr><th scope="row">\(Numbers.minute(point.date))</th><td class="number">\(Numbers.grouped(count)) of \
        \(Numbers.grouped(point.installations))</td><td class="number">\
        \(Numbers.share(count, of: point.installations))</td></tr>

        """
    }
    return """
      <details><summary>The same in figures</summary><table class="figures" aria-labelledby="\(heading)">
      <thead><tr><th scope="col">run ended</th><th scope="col" class="number">on version \(overview.latest)</th>\
      <th scope="col" class="number">share</th></tr></thead><tbody>
      \(rows)</tbody></table></details>
      """
  }
}
