internal import Glibc
internal import Schema

/// Files whose names begin with a number.
enum NumberedFile {
  /// The next number, and its digits as wide as those of the highest number, but at least `digits` wide.
  ///
  /// - Throws: `MigrationError` if there is no next number.
  static func next(
    after files: [String], digits: Int
  ) throws(MigrationError) -> (number: Int64, digits: String) {
    var highest: (number: Int64, width: Int, file: String) = (0, digits, "")
    for file in files {
      let prefix = file.prefix { $0.isASCII && $0.isNumber }
      guard let number = Int64(prefix) else { continue }
      if number > highest.number { highest = (number, prefix.count, file) }
    }
    guard highest.number < .max else {
      throw MigrationError(.malformedName, file: highest.file, "there is no number after \(highest.number)")
    }
    let next = String(highest.number + 1)
    return (highest.number + 1, String(repeating: "0", count: max(0, highest.width - next.count)) + next)
  }

  /// Whether a path is that of a `.sql` file in the folder itself that begins with a digit.
  static func isNumbered(_ path: String) -> Bool {
    path.hasSuffix(".sql") && !path.contains("/") && path.first.map { $0.isASCII && $0.isNumber } ?? false
  }

  /// Whether a path is that of a `.sql` file in the folder itself that doesn't undo a migration.
  static func isApplied(_ path: String) -> Bool {
    FlotillaFormat().includes(path)
      && ![".down.sql", ".rollback.sql", ".undo.sql"].contains { path.hasSuffix($0) }
  }

  /// The number at the beginning of a file's name, perhaps after a V, and the words that follow it.
  ///
  /// - Throws: `MigrationError` if the name has another form.
  static func parse(_ file: String) throws(MigrationError) -> (number: Int64, name: String) {
    let stem = file.dropLast(file.hasSuffix(".up.sql") ? 7 : 4)
    let rest = stem.dropFirst(hasLetter(file) ? 1 : 0)
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    guard let number = Int64(digits) else {
      throw MigrationError(
        .malformedName, file: file,
        "a migration's name begins with its number, such as 0007_add_email.sql: move other files to another folder"
      )
    }
    return (number, String(rest.dropFirst(digits.count).drop { "_-.".contains($0) }))
  }

  /// Whether the number in a file's name stands after a V.
  private static func hasLetter(_ file: String) -> Bool {
    (file.hasPrefix("V") || file.hasPrefix("v"))
      && file.dropFirst().first.map { $0.isASCII && $0.isNumber } ?? false
  }

  /// The next file in the manner of the last one: with or without a V, and the same separator and ending.
  ///
  /// - Throws: `MigrationError` if a name has another form, or there is no next number.
  static func nextLike(
    _ files: [String], _ name: String, digits: Int
  ) throws(MigrationError) -> (version: MigrationVersion, file: String) {
    var last: (number: Int64, file: String)?
    for file in files {
      let number = try parse(file).number
      if number >= last?.number ?? 0 { last = (number, file) }
    }
    let letter = last.map { hasLetter($0.file) ? String($0.file.prefix(1)) : "" } ?? ""
    let rest = last.map { $0.file.dropFirst(letter.count).drop { $0.isASCII && $0.isNumber } }
    let separator = rest?.prefix { "_-.".contains($0) } ?? "_"
    let next = try nextFile(
      name, after: files.map { hasLetter($0) ? String($0.dropFirst()) : $0 }, digits: digits,
      separator: separator.isEmpty || separator == "." && rest == ".sql" ? "_" : String(separator),
      ending: last?.file.hasSuffix(".up.sql") == true ? ".up.sql" : ".sql")
    return (next.version, letter + next.file)
  }

  /// The number at the beginning of a file's name, and what follows the separator, without the ending.
  ///
  /// - Throws: `MigrationError` if the name has another form.
  static func parse(
    _ file: String, separator: String, ending: String = ".sql"
  ) throws(MigrationError) -> (number: Int64, name: String) {
    let stem = file.hasSuffix(ending) ? file.dropLast(ending.count) : file[...]
    let digits = stem.prefix { $0.isASCII && $0.isNumber }
    let rest = stem.dropFirst(digits.count)
    guard let number = Int64(digits), number >= 0, rest.hasPrefix(separator), rest.count > separator.count
    else {
      throw MigrationError(
        .malformedName, file: file,
        "a migration's name is a number, '\(separator)' and words, such as 00007\(separator)add_email.sql")
    }
    return (number, String(rest.dropFirst(separator.count)))
  }

  /// The next file: one more than the highest number, or the current time if that has 14 digits.
  ///
  /// - Throws: `MigrationError` if there is no next number.
  static func nextFile(
    _ name: String, after files: [String], digits: Int, separator: String = "_", ending: String = ".sql"
  ) throws(MigrationError) -> (version: MigrationVersion, file: String) {
    let (number, text) = try next(after: files, digits: digits)
    guard text.count == 14, !files.isEmpty, number > 10_000_101_000_000 else {
      return (MigrationVersion(number), text + separator + name + ending)
    }
    let time = timestamp()
    let later = max(number, Int64(time) ?? 0)
    return (MigrationVersion(later), "\(later)" + separator + name + ending)
  }

  /// The next file: the current time, or one more than the highest number if the files have short numbers.
  ///
  /// - Throws: `MigrationError` if there is no next number.
  static func nextFileOrTime(
    _ name: String, after files: [String], ending: String
  ) throws(MigrationError) -> (version: MigrationVersion, file: String) {
    guard files.isEmpty else { return try nextFile(name, after: files, digits: 4, ending: ending) }
    let time = timestamp()
    return (MigrationVersion(time), "\(time)_\(name)\(ending)")
  }

  /// The current time as 14 digits, year first, in UTC.
  static func timestamp(_ now: time_t = time(nil)) -> String {
    var now = now
    var parts = tm()
    gmtime_r(&now, &parts)
    let fields = [
      parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
    ]
    return fields.enumerated().map { index, field in
      let text = String(field)
      return String(repeating: "0", count: max(0, (index == 0 ? 4 : 2) - text.count)) + text
    }.joined()
  }
}
