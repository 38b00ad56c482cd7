import Foundation
import Programs
import TestSupport
import Testing

@Suite(.ownThreads) struct ProgramTests {
  private let environment = ["PATH": "/usr/bin:/bin"]

  private func program(
    _ arguments: String..., timeout: Duration = .seconds(20), keeping: Program.Keeping = .last(4096)
  ) -> Program {
    Program(arguments, environment: environment, timeout: timeout, keeping: keeping)
  }

  private func text(_ run: ProgramRun) -> String { String(decoding: run.output, as: UTF8.self) }

  /// Waits a while for a process to be gone, or to be waiting for whoever inherited it.
  private func isGone(_ process: String) -> Bool {
    for _ in 0..<300 {
      let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? "State:\tX"
      if status.contains("State:\tZ") || status.contains("State:\tX") { return true }
      usleep(10_000)
    }
    return false
  }

  @Test func `a program that isn't there, may not be run or is none can't be started`() throws {
    let folder = try TemporaryFolder()
    let plain = try folder.write("echo no\n", to: "plain")
    #expect(program("flotilla-no-such-program").run().termination == .notStarted(ENOENT))
    #expect(program("\(folder.path)/missing").run().termination == .notStarted(ENOENT))
    #expect(program(plain).run().termination == .notStarted(EACCES))
    chmod(plain, 0o755)
    #expect(program(plain).run().termination == .notStarted(ENOEXEC))
    #expect(program("").run().termination == .notStarted(ENOENT))
  }

  @Test func `an exit status and a signal are told apart`() {
    #expect(program("sh", "-c", "exit 7").run().termination == .exited(7))
    #expect(program("sh", "-c", "kill -9 $$").run().termination == .signaled(9))
  }

  @Test func `what a shell would interpret arrives as it is`() {
    let words = ["$HOME", "`id`", "a b", "; exit 3", "*", "\"'\\", ""]
    let run = Program(
      ["printf", "<%s>"] + words, environment: environment, timeout: .seconds(20), keeping: .last(4096)
    ).run()
    #expect(run.termination == .exited(0))
    #expect(text(run) == words.map { "<\($0)>" }.joined())
  }

  @Test func `a program that hangs is killed with what it started, whatever that ignores`() throws {
    let folder = try TemporaryFolder()
    let script = """
      (trap '' TERM INT HUP; sleep 70) & echo $! >'\(folder.path)/pid'; sleep 71 & trap '' TERM; wait
      """
    let start = ContinuousClock.now
    let run = program("sh", "-c", script, timeout: .seconds(1)).run()
    #expect(run.termination == .timedOut)
    #expect(ContinuousClock.now - start < .seconds(15))
    let process = try String(contentsOfFile: folder.file("pid"), encoding: .utf8).filter(\.isNumber)
    #expect(isGone(process))
  }

  /// A group of processes that can be frozen so that not even SIGKILL ends them before they are thawed.
  private static let freezer = "/sys/fs/cgroup/freezer/flotilla-test-\(getpid())"
  private static let hasFreezer = access("/sys/fs/cgroup/freezer/cgroup.procs", F_OK) == 0

  @Test(.enabled(if: hasFreezer, "only cgroup v1 keeps a process from being killed"), .needs(.root))
  func `a program that not even the kill ends is given up`() throws {
    let freezer = Self.freezer
    #expect(mkdir(freezer, 0o755) == 0)
    defer {
      try? "THAWED".write(toFile: "\(freezer)/freezer.state", atomically: false, encoding: .utf8)
      while rmdir(freezer) != 0, errno == EBUSY { usleep(10_000) }
    }
    let script =
      "echo $$ >\(freezer)/cgroup.procs; echo frozen; echo FROZEN >\(freezer)/freezer.state; sleep 60"
    let start = ContinuousClock.now
    let run = program("sh", "-c", script, timeout: .seconds(1)).run()
    #expect(run.termination == .timedOut)
    #expect(text(run) == "frozen\n")
    #expect(ContinuousClock.now - start < .seconds(15))
  }

  @Test func `what left the group and keeps the outputs open is not waited for`() throws {
    let start = ContinuousClock.now
    for keeping in [Program.Keeping.last(4096), .everything(upTo: 4096)] {
      let run = program(
        "sh", "-c", "setsid sleep 30 & echo $!; sleep 60", timeout: .seconds(1), keeping: keeping
      ).run()
      #expect(run.termination == .timedOut)
      if let process = Int32(text(run).filter(\.isNumber)) { kill(process, SIGKILL) }
    }
    #expect(ContinuousClock.now - start < .seconds(20))
  }

  @Test func `secrets are not handed on, by whichever name`() {
    SecretVariables.add(["SIGNING_KEY_OF_A_TEST"])
    let variables = [
      "SIGNING_KEY_OF_A_TEST": "s3cret", "FLOTILLA_REPORT_TOKEN": "t0ken", "FLOTILLA_HQ_SECRET": "s3cret",
      "FLOTILLA_FLEET": "kept", "TOKEN": "kept", "SIGNING_KEY": "kept",
    ]
    #expect(Program.inherited(variables) == variables.filter { $0.value == "kept" })
  }

  @Test func `a program that closes its outputs has no more time for it`() {
    let start = ContinuousClock.now
    #expect(
      program("sh", "-c", "exec >&- 2>&-; sleep 60", timeout: .seconds(1)).run().termination == .timedOut)
    #expect(ContinuousClock.now - start < .seconds(15))
  }

  @Test func `something left in the background is neither waited for nor killed`() throws {
    let start = ContinuousClock.now
    let run = program("sh", "-c", "sleep 5 & echo $!; exit 0").run()
    #expect(run.termination == .exited(0))
    #expect(ContinuousClock.now - start < .seconds(4))
    let process = try #require(Int32(text(run).filter(\.isNumber)))
    #expect(kill(process, SIGKILL) == 0)
  }

  @Test func `of ten megabytes the end is kept, in the order in which it was written`() {
    let run = program("sh", "-c", "head -c 10000000 /dev/zero; echo one; echo two >&2; echo three").run()
    #expect(run.termination == .exited(0))
    #expect(run.output.count == 4096)
    #expect(text(run).hasSuffix("\0one\ntwo\nthree\n"))
  }

  @Test func `a program that writes more than it may is stopped`() {
    let run = program("yes", keeping: .everything(upTo: 1 << 20)).run()
    #expect(run.termination == .tooLong)
  }

  @Test func `much on both outputs arrives apart`() {
    let body = "i=0; while [ $i -lt 20000 ]; do echo oooo; echo eeeeeeee >&2; i=$((i+1)); done"
    let run = program("sh", "-c", body, keeping: .everything(upTo: 1 << 20)).run()
    #expect(run.output.count == 100_000)
    #expect(run.errors.count == 1 << 16)
  }

  @Test func `it reads what it is given, else nothing`() {
    #expect(text(program("cat").run()) == "")
    var long = program("wc", "-c")
    long.input = [UInt8](repeating: 65, count: 300_000)
    #expect(text(long.run()) == "300000\n")
    long = program("true")
    long.input = [UInt8](repeating: 65, count: 300_000)
    #expect(long.run().termination == .exited(0))
  }

  @Test func `it has the environment it is given and no other`() {
    let run = Program(
      ["/usr/bin/env"], environment: ["A": "x y", "B": "=1"], timeout: .seconds(20), keeping: .last(4096)
    ).run()
    #expect(Set(text(run).split(separator: "\n")) == ["A=x y", "B==1"])
  }

  @Test func `it leads a session and a group of its own, and signals end it that this process ignores`() {
    signal(SIGPIPE, SIG_IGN)
    let run = program("sh", "-c", "ps -o pid=,pgid=,sid= -p $$; grep SigIgn /proc/self/status; echo $$").run()
    let words = text(run).split { $0.isWhitespace }
    #expect(
      words.count == 6 && words[0] == words[1] && words[0] == words[2] && words[0] == words[5], "\(text(run))"
    )
    // All but those that the C library keeps to itself.
    let ignored = words.count == 6 ? UInt64(words[4], radix: 16) : nil
    #expect(ignored.map { $0 & 0x7fff_ffff } == 0, "\(text(run))")
  }

  @Test func `many at once come to their ends`() {
    DispatchQueue.concurrentPerform(iterations: 40) { number in
      #expect(program("sh", "-c", "sleep 0.1; echo \(number)").run().output == Array("\(number)\n".utf8))
    }
  }
}
