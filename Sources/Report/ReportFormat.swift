internal import Basics
internal import SystemPackage

/// The formats of a report.
///
/// ```swift
/// let format = try ReportFormat(writing: "fleet.html")  // .html
/// try ReportWriter(content).write(as: format, to: "fleet.html")
/// ```
///
/// ``ReportWriter`` writes the formats. To add one, add a type that conforms to `ReportRenderer`, in a file of its
/// own, and a case here with its extensions and its renderer.
public enum ReportFormat: String, Sendable, CaseIterable {
  /// `flotilla.report/1`, which contains everything.
  case json
  /// One self-contained page for people.
  case html
  /// A summary for a pull request or a chat.
  case markdown
  /// One row per installation.
  case csv
  /// For the textfile collector of Prometheus' node_exporter.
  case prometheus
  /// For the test view of a CI system.
  case junit

  /// The format that the extension of a file name stands for; nil if there is none.
  public init?(path: String) {
    let name = path.split(separator: "/").last ?? ""
    guard let dot = name.lastIndex(of: ".") else { return nil }
    let ending = name[dot...].lowercased()
    guard let format = Self.allCases.first(where: { $0.endings.contains(ending) }) else { return nil }
    self = format
  }

  /// The extensions of the format, the usual one first.
  private var endings: [String] {
    switch self {
    case .json: [".json"]
    case .html: [".html", ".htm"]
    case .markdown: [".md", ".markdown"]
    case .csv: [".csv"]
    case .prometheus: [".prom"]
    case .junit: [".xml"]
    }
  }

  /// The names of all formats, for messages: `json, html, … or junit`.
  public static var names: String { oneOf(allCases.map(\.rawValue)) }

  /// The usual extensions of all formats, for messages: `.json, .html, … or .xml`.
  public static var usualEndings: String { oneOf(allCases.map { $0.endings[0] }) }

  private static func oneOf(_ words: [String]) -> String {
    "\(words.dropLast().joined(separator: ", ")) or \(words.last ?? "")"
  }

  /// The format of a report that is written to `path`; JSON if the name has no extension.
  ///
  /// - Throws: ``ReportError`` if no format has this extension.
  public init(writing path: String) throws(ReportError) {
    if let known = Self(path: path) {
      self = known
    } else {
      guard path.split(separator: "/").last?.dropFirst().contains(".") != true else {
        throw ReportError(unknownEndingOf: path)
      }
      self = .json
    }
  }

  /// The mode of a report file. node_exporter runs as another user and must be able to read its file.
  var filePermissions: FilePermissions {
    self == .prometheus ? [.ownerReadWrite, .groupRead, .otherRead] : .ownerReadWrite
  }

  func renderer(_ content: ReportContent) -> any ReportRenderer {
    switch self {
    case .json: JSONReport(content)
    case .html: HTMLReport(content)
    case .markdown: MarkdownReport(content)
    case .csv: CSVReport(content)
    case .prometheus: PrometheusReport(content)
    case .junit: JUnitReport(content)
    }
  }
}

/// Writes a report in one format.
protocol ReportRenderer {
  /// Creates a renderer without reading anything.
  init(_ content: ReportContent)
  /// Passes the text to `body` piece by piece, so that memory doesn't grow with the fleet.
  func write(_ body: (String) throws -> Void) throws
}

/// The report as it is stored. Characters with an effect on terminals are escaped, since it may be printed on one.
struct JSONReport: ReportRenderer {
  private let content: ReportContent

  init(_ content: ReportContent) { self.content = content }

  func write(_ body: (String) throws -> Void) throws {
    try body(content.header.harmlessJSON.dropLast() + ",\"installations\":[")
    var separator = "\n"
    try content.forEachRecord { record in
      try body(separator + record.harmlessJSON)
      separator = ",\n"
    }
    try body("\n]}\n")
  }
}
