internal import Upgrade

extension Status {
  /// The order of legends: what is well, what is to come, what is not well.
  static let shown: [Status] = [.migrated, .current, .pending, .skipped, .unreachable, .failed]

  /// What people read.
  var word: String { self == .skipped ? "left alone" : rawValue }
}

/// The signs of the statuses, so that none is told by its colour alone.
enum Signs {
  static let definitions = """
    <svg class="defs" aria-hidden="true" focusable="false"><defs>
    <symbol id="sign-migrated" viewBox="0 0 16 16"><path fill-rule="evenodd" d="M8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0Zm4.1 5.1-1.3-1.3-4 4.3-1.7-1.7-1.3 1.3 3 3Z"/></symbol>
    <symbol id="sign-current" viewBox="0 0 16 16"><path fill-rule="evenodd" d="M8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0Zm4.1 5.1-1.3-1.3-4 4.3-1.7-1.7-1.3 1.3 3 3Z"/></symbol>
    <symbol id="sign-pending" viewBox="0 0 16 16"><path fill-rule="evenodd" d="M8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0Zm0 2.2v11.6A5.8 5.8 0 0 0 8 2.2Z"/></symbol>
    <symbol id="sign-failed" viewBox="0 0 16 16"><path d="m2.2 0 5.8 5.8L13.8 0 16 2.2 10.2 8l5.8 5.8-2.2 2.2L8 10.2 2.2 16 0 13.8 5.8 8 0 2.2Z"/></symbol>
    <symbol id="sign-unreachable" viewBox="0 0 16 16"><path fill-rule="evenodd" d="M8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0Zm0 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2ZM3 6.9h10v2.2H3Z"/></symbol>
    <symbol id="sign-skipped" viewBox="0 0 16 16"><path d="M1 6.7h14v2.6H1Z"/></symbol>
    <symbol id="sign-drifted" viewBox="0 0 16 16"><path d="M1 4h8.2l1.7-3 1.9 1-1.1 2H15v2.4h-4.700L8.600 9.600H15V12H7.200l-1.700 3-1.900-1 1.100-2H1V9.600h5.100l1.700-3.200H1Z"/></symbol>
    <pattern id="hatched" class="failed" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">\
    <rect width="8" height="8" fill="currentColor"/><rect width="2" height="8" fill="#fff" \
    fill-opacity=".55"/></pattern>
    <pattern id="dotted" class="unreachable" width="7" height="7" patternUnits="userSpaceOnUse"><rect width="7" height="7" \
    fill="currentColor"/><circle cx="3.5" cy="3.5" r="1.5" fill="#fff" fill-opacity=".6"/></pattern>
    </defs></svg>
    """

  /// The sign of a status, `drifted` included.
  static func sign(_ status: String) -> Markup {
    "<svg class=\"sign \(status)\" aria-hidden=\"true\"><use href=\"#sign-\(status)\"/></svg>"
  }
}

/// Counts by status as one stacked bar, with a legend that says the same in words.
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

  /// Segments from left to right; even the smallest can be seen.
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
