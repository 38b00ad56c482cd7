public import Foundation

/// Runs other programs to their end.
public enum Tool {
  /// What a finished program left behind.
  public struct Result: Sendable {
    /// Its exit status, or the number of the signal that ended it.
    public let status: Int32
    /// Its standard output.
    public let output: String
    /// Its standard error.
    public let errors: String
  }

  /// Runs a program, found through `PATH`, with an empty standard input.
  ///
  /// - Parameters:
  ///   - words: the program and its arguments.
  ///   - environment: variables besides those of this process.
  /// - Returns: its status and what it printed.
  /// - Throws: an error if the program can't be started.
  @discardableResult
  public static func run(_ words: [String], environment: [String: String] = [:]) throws -> Result {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = words
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    let folder = try TemporaryFolder()
    // Standard error goes to a file, so that no pipe fills up while the other one is read.
    let path = try folder.write("", to: "errors")
    process.standardError = try FileHandle(forWritingTo: URL(filePath: path))
    let output = Pipe()
    output.closeOnExec()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus, output: text,
      errors: String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self))
  }

  /// Runs a program that has to succeed, and returns its standard output.
  ///
  /// - Throws: `SupportError` with its standard error if it fails.
  @discardableResult
  public static func output(of words: [String]) throws -> String {
    let result = try run(words)
    guard result.status == 0 else { throw SupportError("\(words[0]) failed: \(result.errors)") }
    return result.output
  }

  /// The folder that the programs are built into: the test bundle's, or one above it.
  public static let buildFolder: String = {
    var folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    for _ in 0..<4 where !FileManager.default.isExecutableFile(atPath: folder.path + "/flotilla") {
      folder.deleteLastPathComponent()
    }
    return folder.path
  }()
}

extension Pipe {
  /// Keeps programs that other tests start from inheriting the ends, which would stay open with them.
  public func closeOnExec() {
    for end in [fileHandleForReading, fileHandleForWriting] {
      _ = fcntl(end.fileDescriptor, F_SETFD, FD_CLOEXEC)
    }
  }
}

/// A program that works in the background until its standard input ends, which it does with the value.
public final class BackgroundTool: Sendable {
  /// The first line of its standard output.
  public let line: String
  /// Its process.
  public var pid: pid_t { process.processIdentifier }
  private let process = Process()
  private let input = Pipe()

  /// Starts a program, and waits until it prints a line.
  ///
  /// - Throws: `SupportError` if it ends without a line.
  public init(_ words: [String]) throws {
    let output = Pipe()
    for pipe in [input, output] { pipe.closeOnExec() }
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = words
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    var text = ""
    while !text.contains("\n") {
      let more = output.fileHandleForReading.availableData
      guard !more.isEmpty else { throw SupportError("\(words[0]) ended before it was ready") }
      text += String(decoding: more, as: UTF8.self)
    }
    line = String(text.prefix { $0 != "\n" })
  }

  /// A shell that has one or two files open.
  public static func holding(_ path: String, _ other: String? = nil) throws -> BackgroundTool {
    try BackgroundTool(["sh", "-c", "exec 8<\"$0\" 9<\"$1\"; echo ready; read line", path, other ?? path])
  }

  /// Python's SQLite with a database open: it runs the statements in autocommit mode and keeps the connection.
  public static func keeping(_ path: String, _ statements: String...) throws -> BackgroundTool {
    let script = """
      import sqlite3, sys
      database = sqlite3.connect(sys.argv[1], isolation_level=None)
      for statement in sys.argv[2:]:
          database.execute(statement)
      print("ready", flush=True)
      sys.stdin.read()
      """
    try Prerequisite.python.require()
    return try BackgroundTool(["python3", "-c", script, path] + statements)
  }

  /// Ends its standard input and waits for its end.
  public func end() {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  deinit { end() }
}
