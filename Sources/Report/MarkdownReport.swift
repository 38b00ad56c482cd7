internal import Basics
internal import Schema
internal import Upgrade

/// A summary in GitHub's Markdown, short enough for a comment whatever the size of the fleet.
///
/// All text from installations is in code spans, where it can't become a link, a mention or markup.
struct MarkdownReport: ReportRenderer {
  private static let idLimit = 10, causeLimit = 20, cohortLimit = 20, driftLimit = 5, messageLimit = 300

  private let content: ReportContent

  init(_ content: ReportContent) { self.content = content }

  func write(_ body: (String) throws -> Void) throws {
    let overview = try Overview(content) { _ in }
    let sections = [
      heading(overview), waiting(overview), versions(overview),
      causes("Failures", overview) { $0 != .skipped },
      cohorts(overview),
      causes("Left alone", overview) { $0 == .skipped }, footer(overview),
    ]
    try body(sections.filter { !$0.isEmpty }.joined(separator: "\n\n").harmless(keeping: "\n") + "\n")
  }

  private func heading(_ overview: Overview) -> String {
    let counts: [(Int, String)] = [
      (overview.count(.failed), "failed"), (overview.count(.unreachable), "unreachable"),
      (overview.drifted, "drifted"), (overview.count(.pending), "pending"),
      (overview.count(.migrated), "migrated"), (overview.count(.current), "current"),
      (overview.count(.skipped), "left alone"),
    ]
    let parts = counts.filter { $0.0 > 0 }.enumerated().map { place, part in
      let text = "\(Numbers.grouped(part.0)) \(part.1)"
      return ["failed", "unreachable", "drifted"].contains(part.1) ? "**\(text)**" : text
    }
    return "## \(Self.code(overview.header.fleet)): \(overview.headline)\n\n"
      + (parts.isEmpty ? "No installations." : parts.joined(separator: " · "))
  }

  private func waiting(_ overview: Overview) -> String {
    guard let locked = overview.header.locked else { return "" }
    let (start, end) = locked.around
    return "\(start)\(Self.code(locked.longestAt))\(end)."
  }

  private func versions(_ overview: Overview) -> String {
    let rows = overview.versions.prefix(20).map { version in
      let note = version.isLatest ? " (latest)" : ""
      return "| \(version.name)\(note) | \(Numbers.grouped(version.count)) | "
        + "\(Numbers.share(version.count, of: overview.total)) |"
    }
    let more = overview.versions.count - rows.count
    return (["| version | installations | share |", "|---|---:|---:|"] + rows).joined(separator: "\n")
      + (more > 0 ? "\n\nand \(more) more versions" : "")
  }

  private func causes(_ title: String, _ overview: Overview, _ isShown: (Status) -> Bool) -> String {
    let all = overview.causes.filter { isShown($0.status) }
    let causes = all.prefix(Self.causeLimit)
    guard !causes.isEmpty else { return "" }
    let items = causes.map { cause -> String in
      let word = cause.status == .skipped ? "left alone" : cause.status.rawValue
      let names = Self.list(cause.ids, of: cause.count)
      let advice = cause.failure.advice(for: cause.ids, of: cause.count, quoting: Self.code)
      let hint = cause.status == .skipped ? "" : "  \n  → \(advice)"
      return
        "- **\(Numbers.grouped(cause.count)) \(word)**, \(Self.code("\(cause.failure)"))  \n  \(names)\(hint)"
    }
    let more = all.count - causes.count
    return (["### \(title)", ""] + items + (more > 0 ? ["- and \(more) more causes"] : []))
      .joined(separator: "\n")
  }

  private func cohorts(_ overview: Overview) -> String {
    let all = overview.header.cohorts.filter { !$0.drift.shown(all: false).isEmpty }
    guard !all.isEmpty else { return "" }
    let items = all.prefix(Self.cohortLimit).flatMap { cohort -> [String] in
      let drift = cohort.drift.shown(all: false)
      let more = drift.count - Self.driftLimit
      return ["- **\(Numbers.grouped(cohort.count))** \(cohort.place)"]
        + drift.prefix(Self.driftLimit).map { "  - \(Self.code("\($0)"))" }
        + (more > 0 ? ["  - and \(more) more"] : [])
    }
    let more = all.count - Self.cohortLimit
    return (["### Drift", ""] + items + (more > 0 ? ["- and \(more) more cohorts"] : [])).joined(
      separator: "\n")
  }

  private func footer(_ overview: Overview) -> String {
    let run = overview.header.run
    let only = run.only.map { ", only \(Self.code($0))" } ?? ""
    return "<sub>\(run.command), \(run.result) \(Numbers.minute(run.finishedAt))\(only), run \(run.id), "
      + "\(overview.header.program)</sub>"
  }

  private static func list(_ ids: [String], of count: Int) -> String {
    let shown = ids.prefix(idLimit)
    let rest = count - shown.count
    return shown.map(code).joined(separator: ", ") + (rest > 0 ? " and \(Numbers.grouped(rest)) more" : "")
  }

  /// A code span on one line, with as many backticks around it as the text requires.
  static func code(_ text: String) -> String {
    var line = text.replacingControlCharacters(with: " ").harmless()
    if line.count > messageLimit { line = line.prefix(messageLimit) + "…" }
    var longest = 0
    var run = 0
    for scalar in line.unicodeScalars {
      run = scalar == "`" ? run + 1 : 0
      longest = max(longest, run)
    }
    let fence = String(repeating: "`", count: longest + 1)
    let isPlain =
      ![line.unicodeScalars.first, line.unicodeScalars.last].contains("`") && !line.allSatisfy { $0 == " " }
    return isPlain ? fence + line + fence : "\(fence) \(line) \(fence)"
  }
}

extension ReportHeader.Cohort {
  /// `at version 9, 01be44`
  var place: String {
    let version = version.map { "at version \($0)" } ?? "untracked"
    return version + (fingerprint.flatMap { Fingerprint($0) }.map { ", \($0.short)" } ?? "")
  }
}
