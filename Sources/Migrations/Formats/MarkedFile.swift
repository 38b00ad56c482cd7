internal import SQLite
internal import Schema

/// A file that comments of the form `-- +tool word` divide into parts.
struct MarkedFile {
  /// A comment that divides the file.
  struct Marker {
    /// The text after `--` without spaces at both ends.
    let text: String
    /// Its line, counted from 0.
    let line: Int
  }

  /// The lines of the file.
  let lines: [Substring]
  /// The comments that begin with the tool's word, in their order.
  let markers: [Marker]
  private let file: MigrationFiles.File

  /// Finds the comments that begin with `prefix`.
  ///
  /// The tools look at the beginnings of lines, and don't know literals. So a marker after spaces, or one in a literal
  /// or block comment, would divide the file in another way here than there.
  /// - Throws: `MigrationError` for such a marker.
  init(_ file: MigrationFiles.File, prefix: String) throws(MigrationError) {
    self.file = file
    lines = Self.lines(of: file)
    let comments = Self.comments(in: file)
    var markers: [Marker] = []
    var offset = 0
    for (number, line) in lines.enumerated() {
      let body = line.drop { $0 == " " || $0 == "\t" || $0 == "\u{feff}" }
      let start = line.utf8.distance(from: line.startIndex, to: body.startIndex)
      let text = body.hasPrefix("--") ? body.dropFirst(2).trimmed : ""
      if text.folded.hasPrefix(prefix) {
        guard comments.contains(offset + start),
          body.startIndex == line.startIndex || line.hasPrefix("\u{feff}")
        else {
          throw MigrationError(
            .foreign, file: file.name, line: number + 1,
            "'-- \(text)' belongs at the beginning of a line, and not into a literal or a comment")
        }
        markers.append(Marker(text: text, line: number))
      }
      offset += line.utf8.count + 1
    }
    self.markers = markers
  }

  /// The lines of a file. They are divided as bytes, because CR LF is a single `Character`.
  private static func lines(of file: MigrationFiles.File) -> [Substring] {
    file.text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Substring.init)
  }

  /// The offsets of the `--` comments of a file.
  private static func comments(in file: MigrationFiles.File) -> Set<Int> {
    var tokenizer = SQLTokenizer(file.text)
    while tokenizer.next() != nil {}
    return Set(tokenizer.lineComments)
  }

  /// The lines before the first marker. They hold comments, among them directives of Flotilla.
  ///
  /// - Throws: `MigrationError` if they hold a statement, which the tool wouldn't run.
  func head() throws(MigrationError) -> Range<Int> {
    guard let first = markers.first else { return 0..<0 }
    guard SQLScript(text(of: [0..<first.line])).statements.isEmpty else {
      throw error(first, "statements stand before '-- \(first.text)', where its tool doesn't run them")
    }
    return 0..<first.line
  }

  /// The text with every line blank that isn't in `ranges`.
  func text(of ranges: [Range<Int>]) -> String {
    lines.enumerated().map { number, line in ranges.contains { $0.contains(number) } ? String(line) : "" }
      .joined(separator: "\n")
  }

  /// An error at a marker.
  func error(_ marker: Marker?, _ message: String) -> MigrationError {
    MigrationError(.foreign, file: file.name, line: marker.map { $0.line + 1 }, message)
  }
}

extension MigrationFormat {
  /// Whether there are files of the format, and each has a comment that begins with a marker, in lower case.
  ///
  /// This doesn't distinguish comments from literals, and serves only to tell formats from each other.
  func haveMarker(_ marker: String, _ paths: [String], reading text: (String) -> String?) -> Bool {
    let own = paths.filter { includes($0) && $0.hasSuffix(".sql") }
    return !own.isEmpty
      && own.allSatisfy { path in
        text(path)?.utf8.split(separator: UInt8(ascii: "\n")).contains { line in
          let line = Substring(line).drop { $0.isWhitespace || $0 == "\u{feff}" }
          return line.hasPrefix("--") && line.dropFirst(2).trimmed.folded.hasPrefix(marker)
        } ?? false
      }
  }
}

extension [Migration] {
  /// The names by version.
  var namesByVersion: [MigrationVersion: String] {
    Dictionary(compactMap { migration in migration.version.map { ($0, migration.name) } }) { first, _ in first
    }
  }
}
