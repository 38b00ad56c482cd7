import Foundation
import SQLite
import TestSupport
import Testing

/// What a finished program left behind.
struct ProgramResult {
  let status: Int32
  let output: String
  let errors: String
  /// The output with each line break and indent as one space, since long lines are folded.
  var words: String { output.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}

/// The built `flotilla`.
enum Program {
  static let path = Tool.buildFolder + "/flotilla"

  /// Starts it without a terminal.
  static func start(
    _ arguments: [String], in folder: String, environment: [String: String] = [:],
    executable: String = Program.path
  ) throws -> (process: Process, output: Pipe, errors: Pipe) {
    let process = Process()
    process.executableURL = URL(filePath: executable)
    process.arguments = arguments
    process.currentDirectoryURL = URL(filePath: folder)
    process.environment = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""].merging(environment) {
      $1
    }
    process.standardInput = FileHandle.nullDevice
    let (output, errors) = (Pipe(), Pipe())
    for pipe in [output, errors] { pipe.closeOnExec() }
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    return (process, output, errors)
  }

  /// Runs it to its end.
  static func run(
    _ arguments: String..., in folder: String, environment: [String: String] = [:]
  ) throws -> ProgramResult {
    try run(arguments, in: folder, environment: environment)
  }

  /// Runs it to its end.
  static func run(_ arguments: [String], in folder: String, environment: [String: String] = [:]) throws
    -> ProgramResult
  {
    try finish(start(arguments, in: folder, environment: environment))
  }

  /// Runs a shell script to its end; the program is `$FLOTILLA`.
  static func shell(_ script: String, in folder: String) throws -> ProgramResult {
    try finish(start(["-c", script], in: folder, environment: ["FLOTILLA": path], executable: "/bin/sh"))
  }

  /// Reads standard error until it has said `text`, and returns what it has said.
  static func waitForErrors(
    _ text: String, of started: (process: Process, output: Pipe, errors: Pipe)
  ) throws -> String {
    var errors = ""
    while !errors.contains(text) {
      let more = started.errors.fileHandleForReading.availableData
      guard !more.isEmpty else { throw SupportError("the program ended without \(text): \(errors)") }
      errors += String(decoding: more, as: UTF8.self)
    }
    return errors
  }

  /// Waits for its end.
  static func finish(_ started: (process: Process, output: Pipe, errors: Pipe)) throws -> ProgramResult {
    let (process, output, errors) = started
    // What is written to one pipe is small enough to wait while the other is read.
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let talk = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return ProgramResult(status: process.terminationStatus, output: text, errors: talk)
  }
}

extension TemporaryFolder {
  /// Writes a fleet.yml for Ownprem databases under `db/`, with `extra` lines at its end.
  func ownpremFleet(_ extra: String = "") throws {
    let inventory = "\(Repository.root)/inventory/ownprem"
    try write(
      """
      fleet: ownprem
      migrations: \(inventory)/migrations
      baseline: \(inventory)/baseline.sql
      schema: \(inventory)/schema.sql
      installations:
        - { files: db/*.sqlite }
      drift: { ignore: [table store_*] }
      \(extra)

      """, to: "fleet.yml")
  }

  /// The report of a run or a look, read; it has to keep to the published schema.
  func report(_ text: String) throws -> [String: Any] {
    if try Prerequisite.reportReaders.isMet() {
      let copy = try TemporaryFolder()
      let checked = try ReportReader.run("check.py", ["json", copy.write(text, to: "report.json")])
      #expect(checked.status == 0, "\(checked.errors)")
    }
    return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }
}
