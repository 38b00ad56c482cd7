internal import Basics
internal import SystemPackage

/// How a report can be written.
///
/// To add a format, add a type that conforms to `ReportRenderer`, in a file of its own, and a case here with its endings
/// and its renderer.
public enum ReportFormat: String, Sendable, CaseIterable {
  /// `flotilla.report/1`, which holds everything.
  case json
  /// One page for people, with all that it needs in it.
  case html
  /// For a pull request or a chat.
  case markdown
  /// One row an installation.
  case csv
  /// For the textfile collector of Prometheus' node_exporter.
  case prometheus
  /// For the test view of a CI system.
  case junit

  /// The format that a file's name asks for by its ending; nil where it asks for none.
  public init?(path: String) {
    let name = path.split(separator: "/").last ?? ""
    guard let dot = name.lastIndex(of: ".") else { return nil }
    let ending = name[dot...].lowercased()
    guard let format = Self.allCases.first(where: { $0.endings.contains(ending) }) else { return nil }
    self = format
  }

  /// The endings of file names that ask for the format, the usual one first.
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

  /// The names of all formats for people: `json, html, … or junit`.
  public static var names: String { oneOf(allCases.map(\.rawValue)) }

  /// The usual endings of all formats for people: `.json, .html, … or .xml`.
  public static var usualEndings: String { oneOf(allCases.map { $0.endings[0] }) }

  private static func oneOf(_ words: [String]) -> String {
    "\(words.dropLast().joined(separator: ", ")) or \(words.last ?? "")"
  }

  /// The format of a report that is written to `path`: JSON where its name has no ending.
  ///
  /// - Throws: `ReportError` where the ending is that of no format.
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

  /// The mode of a file: node_exporter, which runs as another user, has to be able to read its.
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
  /// Prepares it; nothing is read yet.
  init(_ content: ReportContent)
  /// Gives the text to `body`, piece by piece, so that memory doesn't grow with the fleet.
  func write(_ body: (String) throws -> Void) throws
}

/// The report as it is kept. Characters that a terminal would obey are escaped, as it may be printed on one.
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
