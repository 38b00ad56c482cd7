internal import Basics

/// The first part of a report's page: the state of the whole fleet.
extension Overview {
  /// `22 of 24 on version 9`, with the first number emphasized.
  var heading: Markup {
    "<b>\(Numbers.grouped(onLatest))</b> of \(Numbers.grouped(total)) on version \(latest)"
  }

  /// The counts by status, and the run that they come from.
  var statusSection: Markup {
    """
    \(StatusStrip.markup(self))
    <p class="meta">\(meta)</p>

    """
  }

  private var meta: Markup {
    let run = header.run
    var parts: [Markup] = [
      "<code>flotilla \(run.command)</code> \(run.result) <time datetime=\"\(run.finishedAt)\">"
        + "\(Numbers.minute(run.finishedAt))</time>"
    ]
    if let seconds = header.seconds { parts.append("took \(Numbers.duration(seconds))") }
    if let only = run.only { parts.append("only <code><bdi>\(only)</bdi></code>, not the whole fleet") }
    parts.append("\(counted(header.migrations.count, "migration"))")
    if let (start, end) = header.locked?.around {
      parts.append("\(start)<bdi>\(header.locked?.longestAt ?? "")</bdi>\(end)")
    }
    return Markup(parts, separator: " · ")
  }
}
