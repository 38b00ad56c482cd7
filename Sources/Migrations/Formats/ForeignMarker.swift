internal import SQLite

/// Comments by which other migration tools divide a file or control how it runs.
///
/// SQLite ignores them as comments, so the part that undoes a migration would run right after the part that makes it.
/// That is why they are reported as errors.
enum ForeignMarker {
  /// How the comments begin, after `--` and any spaces, and the tools that they belong to.
  private static let markers: [(start: String, tool: String)] = [
    ("+goose", "goose"), ("+migrate", "sql-migrate"), ("migrate:up", "dbmate"), ("migrate:down", "dbmate"),
    ("atlas:", "Atlas"), ("> statement-breakpoint", "Drizzle"), ("no-transaction", "sqlx"),
    ("transactional:", "yoyo"), ("depends:", "yoyo"), ("rambler up", "rambler"), ("rambler down", "rambler"),
    ("+micrate", "micrate"),
  ]

  /// Finds comments of other tools.
  ///
  /// - Parameters:
  ///   - text: the file's text.
  ///   - comments: the offsets of its `--` comments, in bytes from the start.
  ///   - file: the file's name.
  /// - Returns: an error for each such comment.
  static func faults(in text: String, at comments: [Int], file: String) -> [MigrationError] {
    let bytes = Array(text.utf8)
    return comments.compactMap { start in
      let rest = bytes[start...].dropFirst(2).prefix { $0 != UInt8(ascii: "\n") }
      let comment = String(decoding: rest, as: UTF8.self).trimmed.folded
      guard let marker = markers.first(where: { comment.hasPrefix($0.start) }) else { return nil }
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
