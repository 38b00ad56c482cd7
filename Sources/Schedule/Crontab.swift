/// One line of a crontab.
public struct CrontabLine: Hashable, Sendable {
  /// The line, without the line break.
  public let text: String
  private let mark: [UInt8]

  /// Creates the line for a check.
  ///
  /// - Throws: ``ScheduleError`` if cron can't express the interval, or if a crontab line can't contain the command.
  public init(_ check: ScheduledCheck) throws(ScheduleError) {
    let fields = try check.recurrence.cronFields(for: "cron")
    let words = check.words.map(Quoting.shell).joined(separator: " ")
    var settings = ""
    if let file = check.environmentFile.map(Quoting.shell) {
      settings = "set -a; [ ! -r \(file) ] || . \(file); set +a; "
    }
    // The output of a check goes to the system's log; otherwise cron would mail it.
    let command =
      "{ \(settings)\(words) || echo \"exit status $?\"; } 2>&1 | logger -t \(check.name)"
      + Self.ending(check.name)
    // Implementations of cron differ in the meaning of a backslash in a command, except in "\%".
    guard !(words + settings).replacingQuotes().contains("\\") else {
      throw ScheduleError("a path with a backslash can't go into a crontab; use --as systemd")
    }
    // cron ends a command at the first bare "%", even in quotes.
    let escaped = command.map { $0 == "%" ? "\\%" : String($0) }.joined()
    guard escaped.utf8.count < 998 else {
      throw ScheduleError("the command has \(escaped.utf8.count) bytes; cron takes 998: use --as systemd")
    }
    text = "\(fields) \(escaped)"
    mark = Array(Self.ending(check.name).utf8)
  }

  private static func ending(_ name: String) -> String { " # flotilla schedule: \(name)" }

  /// The crontab with this line, which replaces the check's earlier line. All other bytes are unchanged.
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

  /// The crontab without the line of this name; nil if it has no such line.
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
  /// The text without the backslashes that come from quoting a `'`.
  fileprivate func replacingQuotes() -> String {
    split(separator: "'\\''", omittingEmptySubsequences: false).joined(separator: "'")
  }
}
