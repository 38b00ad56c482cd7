import Foundation
import TestSupport

/// The scripts in `Tools`, the built `flotilla`, and the library that breaks its calls.
struct FaultTool {
  private static let scripts = "\(Repository.root)/Tests/Faults/Tools"
  private let folder: TemporaryFolder
  private var library: String { folder.file("shim.so") }

  /// Builds the library in a temporary folder.
  init() throws {
    folder = try TemporaryFolder()
    let built = try Self.run(
      "cc",
      ["-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-o", library, "\(Self.scripts)/shim.c"])
    guard built.status == 0 else { throw SupportError("shim.c can't be built: \(built.output)") }
  }

  /// Runs a script to its end.
  func run(_ script: String, _ options: [String] = []) throws -> (status: Int32, output: String) {
    try Self.run("python3", ["\(Self.scripts)/\(script)", Self.program, library] + options)
  }

  /// The built program: it is in the folder that the test bundle is in, or above that.
  private static let program: String = {
    var folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    for _ in 0..<4 where !FileManager.default.isExecutableFile(atPath: folder.path + "/flotilla") {
      folder.deleteLastPathComponent()
    }
    return folder.path + "/flotilla"
  }()

  private static func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String)
  {
    let (process, output) = (Process(), Pipe())
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(["PYTHONDONTWRITEBYTECODE": "1"]) { $1 }
    process.standardInput = FileHandle.nullDevice
    // What another test starts at this moment must not keep the ends open.
    for end in [output.fileHandleForReading, output.fileHandleForWriting] {
      _ = fcntl(end.fileDescriptor, F_SETFD, FD_CLOEXEC)
    }
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }
}
