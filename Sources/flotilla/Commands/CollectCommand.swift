import ArgumentParser
import Basics
import FoundationEssentials
import Glibc
import SystemPackage

/// Hands over to `flotilla-collect`, a program of its own beside this one, which keeps a server and what it brings out
/// of the program that works on databases.
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
