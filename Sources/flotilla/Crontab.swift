/// The crontab of the current user, accessed through crontab(1).
struct Crontab {
  private let tool: Tool

  init(_ environment: [String: String]) { tool = Tool("crontab", environment) }

  /// Its content; empty if the user has no crontab.
  ///
  /// - Throws: `UsageError` for every other failure, so that an unreadable crontab is never replaced.
  func read() throws -> [UInt8] {
    let result = tool.run(["-l"])
    if result.status == 0 { return result.output }
    if result.status == 1, result.output.isEmpty, result.reason.contains("no crontab for") { return [] }
    throw UsageError("crontab -l: \(result.reason)")
  }

  /// Replaces the crontab; an empty one is removed.
  func write(_ crontab: [UInt8]) throws {
    let arguments = crontab.isEmpty ? ["-r"] : ["-"]
    let result = tool.run(arguments, input: crontab)
    guard result.status == 0 else { throw UsageError("crontab \(arguments[0]): \(result.reason)") }
  }
}
