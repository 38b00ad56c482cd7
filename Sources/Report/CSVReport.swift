internal import Basics
internal import Migrations
internal import Schema
internal import Upgrade

/// One row per installation, in the form of RFC 4180: commas, CRLF, doubled quotes. The first row names the columns.
struct CSVReport: ReportRenderer {
  /// The content of a cell.
  private enum Cell {
    case text(String?)
    case number(String?)
  }

  private typealias Column = (name: String, cell: @Sendable (ReportedInstallation) -> Cell)

  private static let columns: [Column] = [
    ("id", { .text($0.id) }),
    ("host", { .text($0.host) }),
    ("path", { .text($0.path) }),
    ("groups", { .text($0.groups.joined(separator: ";")) }),
    ("labels", { .text($0.labelList.joined(separator: ";")) }),
    ("wave", { .number($0.wave.map { "\($0)" }) }),
    ("status", { .text($0.status.rawValue) }),
    ("version_before", { .number($0.versionBefore.map { "\($0)" }) }),
    ("version_after", { .number($0.versionAfter.map { "\($0)" }) }),
    ("applied", { .text(list($0.applied.map(\.version))) }),
    ("pending", { .text(list($0.pending)) }),
    ("drift", { .number("\($0.shownDrift.count)") }),
    ("drift_details", { .text($0.shownDrift.map { "\($0)" }.joined(separator: "; ")) }),
    ("error_code", { .text($0.error?.code.rawValue) }),
    ("error_step", { .text($0.error?.step.rawValue) }),
    ("error_message", { .text($0.error?.message) }),
    ("backup_path", { .text($0.backup?.path) }),
    ("milliseconds", { .number($0.milliseconds["total"].map { Numbers.decimal($0, digits: 3) }) }),
    ("locked_ms", { .number($0.lockedMilliseconds.map { Numbers.decimal($0, digits: 3) }) }),
    ("bytes", { .number($0.bytes.map { "\($0)" }) }),
    ("fingerprint", { .text($0.fingerprint) }),
  ]

  /// The names of the columns, in order.
  static let columnNames = columns.map(\.name)

  private let content: ReportContent

  init(_ content: ReportContent) { self.content = content }

  func write(_ body: (String) throws -> Void) throws {
    try body(Self.columnNames.joined(separator: ",") + "\r\n")
    try content.forEachInstallation { installation in
      try body(Self.columns.map { Self.field($0.cell(installation)) }.joined(separator: ",") + "\r\n")
    }
  }

  private static func list(_ versions: [MigrationVersion]) -> String {
    versions.map(String.init).joined(separator: ";")
  }

  private static func field(_ cell: Cell) -> String {
    switch cell {
    case .number(let number): number ?? ""
    case .text(let text): quoted(inert(text ?? ""))
    }
  }

  /// Makes text harmless for terminals and spreadsheets. If a spreadsheet would read it as a formula, it gets an
  /// apostrophe in front, which makes it text. Numbers stay as they are.
  private static func inert(_ text: String) -> String {
    let text = text.harmless(keeping: "\t\r\n")
    guard let first = text.unicodeScalars.first, "=+-@＝＋－＠\t\r\n".unicodeScalars.contains(first) else {
      return text
    }
    return Double(text) == nil ? "'" + text : text
  }

  private static func quoted(_ text: String) -> String {
    let needsQuotes = text.utf8.contains { ",\"\r\n".utf8.contains($0) }
    guard needsQuotes else { return text }
    // By scalar, since a quote and a following accent can form one character.
    return text.unicodeScalars.reduce(into: "\"") { text, scalar in
      if scalar == "\"" { text += "\"" }
      text.unicodeScalars.append(scalar)
    } + "\""
  }
}
