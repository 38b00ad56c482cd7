internal import SQLite

/// Comments by which other migration tools cut a file into parts or say how it runs.
///
/// To this program they are comments like any other: it would run the part that undoes a migration right after the one
/// that makes it. So they are faults.
enum ForeignMarker {
  /// How the comments begin, after `--` and any space, and whose they are.
  private static let markers: [(start: String, tool: String)] = [
    ("+goose", "goose"), ("+migrate", "sql-migrate"), ("migrate:up", "dbmate"), ("migrate:down", "dbmate"),
    ("atlas:", "Atlas"), ("> statement-breakpoint", "Drizzle"), ("no-transaction", "sqlx"),
    ("transactional:", "yoyo"), ("depends:", "yoyo"), ("rambler up", "rambler"), ("rambler down", "rambler"),
    ("+micrate", "micrate"),
  ]

  /// Looks for comments of other tools.
  ///
  /// - Parameters:
  ///   - text: the file's text.
  ///   - comments: where its `--` comments begin, in bytes from the start.
  ///   - file: the file's name.
  /// - Returns: a fault for each.
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
          + "and remove the rest and this line")
    }
  }
}
