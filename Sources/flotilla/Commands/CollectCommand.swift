import ArgumentParser
import Basics
import FoundationEssentials
import Glibc
import SystemPackage

/// Runs `flotilla-collect`, a separate program in the same folder, so that the program that works on databases
/// contains no server.
struct CollectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "collect",
    abstract: "Receives reports over HTTP, keeps them, and shows the fleets (--help for its options).")

  @Argument(parsing: .captureForPassthrough, help: .hidden) var arguments: [String] = []

  func run() throws {
    let console = Console(environment: ProcessInfo.processInfo.environment)
    try finishing(console) {
      let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      let path = parentFolder(of: own) + "/flotilla-collect"
      let words = ([path] + arguments).map { strdup($0) }
      execv(path, words + [nil])
      throw UsageError("\(path) can't be run: \(Errno.last); it is built along with flotilla")
    }
  }
}
