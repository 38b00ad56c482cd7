/// One line of a crontab.
public struct CrontabLine: Hashable, Sendable {
  /// The line, without the line break.
  public let text: String
  private let mark: [UInt8]

  /// Writes the line of a check.
  ///
  /// - Throws: `ScheduleError` for an interval that cron can't keep, and for what no crontab line can hold.
  public init(_ check: ScheduledCheck) throws(ScheduleError) {
    let fields = try check.recurrence.cronFields(for: "cron")
    let words = check.words.map(Quoting.shell).joined(separator: " ")
    var settings = ""
    if let file = check.environmentFile.map(Quoting.shell) {
      settings = "set -a; [ ! -r \(file) ] || . \(file); set +a; "
    }
    // What a check says goes to the system's log; cron would mail it.
    let command =
      "{ \(settings)\(words) || echo \"exit status $?\"; } 2>&1 | logger -t \(check.name)"
      + Self.ending(check.name)
    // Crons differ in what a backslash means in a command beyond "\%".
    guard !(words + settings).replacingQuotes().contains("\\") else {
      throw ScheduleError("a path with a backslash can't go into a crontab; use --as systemd")
    }
    // cron ends a command at the first bare "%", in quotes too.
    let escaped = command.map { $0 == "%" ? "\\%" : String($0) }.joined()
    guard escaped.utf8.count < 998 else {
      throw ScheduleError("the command has \(escaped.utf8.count) bytes; cron takes 998: use --as systemd")
    }
    text = "\(fields) \(escaped)"
    mark = Array(Self.ending(check.name).utf8)
  }

  private static func ending(_ name: String) -> String { " # flotilla schedule: \(name)" }

  /// A crontab with this line, in the place of the one that it had; every other byte is as before.
  public func installed(in crontab: [UInt8]) -> [UInt8] {
    var (lines, isThere) = ([[UInt8]](), false)
    for line in Self.lines(crontab) {
      guard Self.ends(line, with: mark) else { lines.append(line); continue }
      if !isThere { lines.append(Array(text.utf8)) }
      isThere = true
    }
    if !isThere { lines.append(Array(text.utf8)) }
    return Self.joined(lines)
  }

  /// A crontab without the line of this name; nil where it has none.
  public static func removed(_ name: String, from crontab: [UInt8]) -> [UInt8]? {
    let mark = Array(ending(name).utf8)
    let all = lines(crontab)
    let rest = all.filter { !ends($0, with: mark) }
    return rest.count == all.count ? nil : joined(rest)
  }

  private static func lines(_ crontab: [UInt8]) -> [[UInt8]] {
    var lines = crontab.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }

  private static func joined(_ lines: [[UInt8]]) -> [UInt8] { lines.flatMap { $0 + [UInt8(ascii: "\n")] } }

  private static func ends(_ line: [UInt8], with mark: [UInt8]) -> Bool {
    line.suffix(mark.count).elementsEqual(mark)
  }
}

extension String {
  /// Without the backslashes that quoting a `'` brought.
  fileprivate func replacingQuotes() -> String {
    split(separator: "'\\''", omittingEmptySubsequences: false).joined(separator: "'")
  }
}
