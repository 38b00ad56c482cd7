import Logging

/// Writes the log messages of libraries to standard error: `flotilla: upload attempt 1 of 5: …`.
struct ConsoleLog: LogHandler {
  private let console: Console
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.notice

  init(_ console: Console) { self.console = console }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { console.log("flotilla: \("\(event.message)".oneLine)") }
}

extension Console {
  /// A logger whose lines go to standard error.
  var logger: Logger { Logger(label: "flotilla") { _ in ConsoleLog(self) } }
}
