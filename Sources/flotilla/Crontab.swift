/// The crontab of the user who runs this, through crontab(1).
struct Crontab {
  private let tool: Tool

  init(_ environment: [String: String]) { tool = Tool("crontab", environment) }

  /// Its bytes; none where the user has no crontab.
  ///
  /// - Throws: `UsageError` for every other failure, so that a crontab that can't be read is never replaced.
  func read() throws -> [UInt8] {
    let result = tool.run(["-l"])
    if result.status == 0 { return result.output }
    if result.status == 1, result.output.isEmpty, result.reason.contains("no crontab for") { return [] }
    throw UsageError("crontab -l: \(result.reason)")
  }

  /// Replaces it; where nothing is left, it goes.
  func write(_ crontab: [UInt8]) throws {
    let arguments = crontab.isEmpty ? ["-r"] : ["-"]
    let result = tool.run(arguments, input: crontab)
    guard result.status == 0 else { throw UsageError("crontab \(arguments[0]): \(result.reason)") }
  }
}
