import Foundation
import TestSupport
import Testing

/// Calls that fail, kills and power cuts at every call that changes a file: `Tools/faults.py` makes and judges them.
@Suite(.serialized, .ownThreads) struct FaultTests {
  private static let isTorture = environment["FLOTILLA_TORTURE"].map { !$0.isEmpty } ?? false
  private static let environment = ProcessInfo.processInfo.environment

  @Test func `a bad image, a lost sync and a fault that hits nothing don't pass for good`() throws {
    let checked = try FaultTool().run("selfcheck.py")
    #expect(checked.status == 0, "\(checked.output)")
  }

  @Test(.timeLimit(.minutes(90)))
  func `no fault, kill or power cut tears a database, loses a backup, or goes without a word`() throws {
    var options = Self.isTorture ? ["--all"] : []
    if let folder = Self.environment["FLOTILLA_KEEP"], !folder.isEmpty { options += ["--keep", folder] }
    let judged = try FaultTool().run("faults.py", options)
    let lines = judged.output.split(separator: "\n")
    if Self.isTorture { print(lines.filter { $0.hasPrefix("|") }.joined(separator: "\n")) }
    print(lines.last ?? "")
    #expect(judged.status == 0, "\(judged.output.suffix(20_000))")
  }

  @Test(.timeLimit(.minutes(90)))
  func `no kill and no full disk loses what an application writes meanwhile`() throws {
    let judged = try FaultTool().run("beside.py", Self.isTorture ? ["--all"] : [])
    print(judged.output.split(separator: "\n").last ?? "")
    #expect(judged.status == 0, "\(judged.output.suffix(20_000))")
  }
}
