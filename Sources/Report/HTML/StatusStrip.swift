internal import Upgrade

extension Status {
  /// The order in legends: good statuses, then open ones, then bad ones.
  static let shown: [Status] = [.migrated, .current, .pending, .skipped, .unreachable, .failed]

  /// The word for people.
  var word: String { self == .skipped ? "left alone" : rawValue }
}

/// The signs of the statuses, so that color is never the only difference.
enum Signs {
  static let definitions = String(embedded: PackageResources.signs_svg)

  /// The sign of a status or of `drifted`.
  static func sign(_ status: String) -> Markup {
    "<svg class=\"sign \(status)\" aria-hidden=\"true\"><use href=\"#sign-\(status)\"/></svg>"
  }
}

/// The counts by status as one stacked bar, with a legend in words.
enum StatusStrip {
  static func markup(_ overview: Overview) -> Markup {
    let counts = Status.shown.map { (status: $0, count: overview.count($0)) }.filter { $0.count > 0 }
    let entries = counts.map { status, count -> Markup in
      """
      <li>\(Signs.sign(status.rawValue))<span>\(Numbers.grouped(count)) \
      \(overview.link(to: "status", status.rawValue, "\(status.word)"))</span></li>
      """
    }
    return """
      \(bar(counts.map { ($0.status.rawValue, $0.count) }, of: counts.map(\.count).reduce(0, +), "strip"))
      <ul class="legend">\(entries)</ul>
      """
  }

  /// Segments from left to right; even the smallest one is visible.
  static func bar(_ segments: [(name: String, count: Int)], of total: Int, _ name: String) -> Markup {
    let segments = segments.filter { $0.count > 0 }
    let least = 0.6
    let shares = segments.map { max(least, Double($0.count) * 100 / Double(max(1, total))) }
    let scale = 100 / max(100, shares.reduce(0, +))
    var start = 0.0
    let parts = zip(segments, shares).map { segment, share -> Markup in
      defer { start += share * scale }
      return """
        <rect class="\(segment.name)" x="\(Numbers.decimal(start, digits: 3))%" \
        width="\(Numbers.decimal(share * scale, digits: 3))%" height="100%"/>
        """
    }
    return "<svg class=\"\(name)\" aria-hidden=\"true\">\(parts)</svg>"
  }
}
