internal import Basics
internal import Schema
internal import Upgrade

/// The installations as JSON for the page's script. No text in it can end the element that contains it.
enum TableData {
  /// The start of the object, up to its rows.
  static func start(_ overview: Overview) -> String {
    let statuses = Status.allCases
    let ranks: [Status: Int] = [
      .failed: 0, .unreachable: 1, .pending: 2, .skipped: 3, .migrated: 4, .current: 5,
    ]
    return "{\"statuses\":" + list(statuses.map { text($0.rawValue) })
      + ",\"words\":" + list(statuses.map { text($0.word) })
      + ",\"ranks\":" + list(statuses.map { "\(ranks[$0] ?? 9)" })
      + ",\"attention\":" + list([Status.failed, .unreachable].map { text($0.rawValue) })
      + ",\"causes\":" + list(overview.causes.map { text("\($0.failure)") })
      + ",\"rows\":["
  }

  /// The row of an installation; the script defines the meaning of each position.
  static func row(_ installation: ReportedInstallation, _ overview: Overview) -> String {
    let cause = overview.cause(of: installation)
    // If the cause stands for several messages, the row has its own.
    let isOwn = cause.map { overview.causes[$0].failure == installation.error } ?? true
    let note = note(installation) ?? (isOwn ? nil : installation.error.map { "\($0)" })
    let status = Status.allCases.firstIndex(of: installation.status) ?? 0
    let after = after(installation)
    let drift = installation.shownDrift.count
    return list([
      text(installation.id), text(installation.place), text(installation.groups.joined(separator: ", ")),
      text(installation.labelList.joined(separator: ", ")), "\(status)",
      before(installation).map { Int64($0) == nil ? text($0) : $0 } ?? "null",
      Int64(after) == nil ? text(after) : after,
      "\(drift)", drift == 0 ? "null" : cohort(installation, overview.header).map { "\($0)" } ?? "null",
      installation.wave.map { "\($0)" } ?? "null",
      installation.milliseconds["total"].map { Numbers.decimal($0, digits: 1) } ?? "null",
      installation.bytes.map { "\($0)" } ?? "null", cause.map { "\($0)" } ?? "null", note.map(text) ?? "null",
    ])
  }

  // MARK: Cells

  static func needsAttention(_ installation: ReportedInstallation) -> Bool {
    [.failed, .unreachable].contains(installation.status) || !installation.shownDrift.isEmpty
  }

  static func after(_ installation: ReportedInstallation) -> String {
    installation.versionAfter.map { "\($0)" } ?? (installation.fingerprint == nil ? "unknown" : "untracked")
  }

  /// The version before the run, if it was different.
  static func before(_ installation: ReportedInstallation) -> String? {
    installation.versionBefore == installation.versionAfter
      ? nil : installation.versionBefore.map { "\($0)" } ?? "untracked"
  }

  static func took(_ installation: ReportedInstallation) -> String {
    guard let time = installation.milliseconds["total"] else { return "" }
    return time < 1000
      ? "\(Numbers.decimal(time, digits: 1)) ms" : "\(Numbers.decimal(time / 1000, digits: 1)) s"
  }

  /// A note on the pending migrations of an installation without an error; nil if there are none.
  static func note(_ installation: ReportedInstallation) -> String? {
    guard installation.error == nil, !installation.pending.isEmpty else { return nil }
    let versions = installation.pending.filter { $0 > 0 }
    let baseline = versions.count == installation.pending.count ? [] : ["baseline"]
    return (baseline + (versions.isEmpty ? [] : [TextLayout.ranges(versions)])).joined(separator: ", ")
      + " to apply"
  }

  static func cohort(_ installation: ReportedInstallation, _ header: ReportHeader) -> Int? {
    CohortList.place(
      version: installation.versionAfter, fingerprint: installation.fingerprint, header)
  }

  // MARK: JSON

  private static func list(_ items: [String]) -> String { "[" + items.joined(separator: ",") + "]" }

  /// A JSON string. Characters that HTML could read as the end of the element or as a comment are written as escapes.
  static func text(_ value: String) -> String {
    var text = "\""
    for scalar in value.harmless(keeping: "\t\n\r").unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\t", "\n", "\r", "<", ">", "&":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      case "\u{FFFE}", "\u{FFFF}": text += "\u{FFFD}"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}
