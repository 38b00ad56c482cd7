internal import SQLite

/// Comments by which other migration tools divide a file or control how it runs.
///
/// SQLite ignores them as comments, so the part that undoes a migration would run right after the part that makes it.
/// That is why they are reported as errors.
enum ForeignMarker {
  private struct Marker {
    /// How the comment begins, after `--` and any spaces.
    let start: String
    /// The tool that the comment is for.
    let tool: String
    /// Whether it separates the parts that make a migration and undo it.
    var divides = false
    /// Whether the comment has nothing else.
    var isWhole = false

    func matches(_ comment: String) -> Bool { isWhole ? comment == start : comment.hasPrefix(start) }
  }

  private static let markers = [
    Marker(start: "+goose", tool: "goose", divides: true),
    Marker(start: "+migrate", tool: "sql-migrate", divides: true),
    Marker(start: "migrate:up", tool: "dbmate", divides: true),
    Marker(start: "migrate:down", tool: "dbmate", divides: true),
    Marker(start: "rambler up", tool: "rambler", divides: true),
    Marker(start: "rambler down", tool: "rambler", divides: true),
    Marker(start: "+micrate", tool: "micrate", divides: true),
    Marker(start: "//@undo", tool: "MyBatis", divides: true),
    Marker(start: "down", tool: "the sqlite package of Node.js", divides: true, isWhole: true),
    Marker(start: "atlas:", tool: "Atlas"), Marker(start: "> statement-breakpoint", tool: "Drizzle"),
    Marker(start: "no-transaction", tool: "sqlx"), Marker(start: "transactional:", tool: "yoyo"),
    Marker(start: "depends:", tool: "yoyo"),
  ]

  /// Finds comments of other tools.
  ///
  /// - Parameters:
  ///   - text: the file's text.
  ///   - comments: the offsets of its `--` comments, in bytes from the start.
  ///   - file: the file's name.
  ///   - tool: the format of the tool that the file is for; nil for Flotilla's own. In files of another tool, only
  ///     comments that divide a file are errors, since the tool itself ignores the others.
  /// - Returns: an error for each such comment.
  static func faults(
    in text: String, at comments: [Int], file: String, of tool: String?
  ) -> [MigrationError] {
    let bytes = Array(text.utf8)
    return comments.compactMap { start in
      let rest = bytes[start...].dropFirst(2).prefix { $0 != UInt8(ascii: "\n") }
      let comment = String(decoding: rest, as: UTF8.self).trimmed.folded
      guard let marker = markers.first(where: { $0.matches(comment) }),
        tool == nil || marker.divides && marker.tool != tool
      else { return nil }
      let line = 1 + bytes[..<start].count { $0 == UInt8(ascii: "\n") }
      let end = comment.prefix(40)
      return MigrationError(
        .foreign, file: file, line: line,
        "'-- \(end)' is for \(marker.tool), and means nothing here: keep the part that upgrades, as a file of its own, "
          + "and remove the rest and this line; if all files are for \(marker.tool), name its format in fleet.yml"
      )
    }
  }
}
