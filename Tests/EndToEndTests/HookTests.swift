import Foundation
import TestSupport
import Testing

/// `hooks:` of fleet.yml, by the program.
@Suite struct HookTests {
  private func hooks(_ before: String, _ after: String) -> String {
    "hooks: { before: [sh, -c, '\(before)'], after: [sh, -c, '\(after)'] }"
  }

  private func hooks(of record: [String: Any]?) throws -> [[String: Any]] {
    try #require(record?["hooks"] as? [[String: Any]])
  }

  @Test func `a hook before that fails leaves that installation alone, and the summary says so`() throws {
    let fleet = try SmallFleet(
      2,
      extra: hooks(
        "case $FLOTILLA_INSTALLATION_PATH in *0000*) echo no; exit 4;; esac", "echo $FLOTILLA_STATUS")
        + "\nrollout: { max_failures: 9 }")
    let bytes = try Content.bytes(fleet.path(0))
    let run = try fleet.migrate()
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(run.output.contains("before: the 'before' hook sh ended with status 4: no"))
    #expect(run.output.contains("it is at version 1, as before; nothing was changed"))
    #expect(try Content.bytes(fleet.path(0)) == bytes)
    #expect(try fleet.versions() == [[1], [1, 2, 3]])
    #expect(fleet.backups.count == 1)
    let records = try fleet.records()
    let error = try #require(records["i0000"]?["error"] as? [String: String])
    #expect(error["code"] == "hook" && error["step"] == "before")
    let ran = try hooks(of: records["i0000"])
    #expect(ran.map { $0["which"] as? String } == ["before", "after"])
    #expect(ran.map { $0["status"] as? Int } == [4, 0])
    #expect(ran.map { $0["output"] as? String } == ["no\n", "failed\n"])
    #expect(try hooks(of: records["i0001"]).map { $0["output"] as? String } == ["", "migrated\n"])
  }

  @Test func `a hook after that fails is told by exit status, summary and report, with what was done`() throws
  {
    let fleet = try SmallFleet(1, extra: "hooks: { after: [sh, -c, 'echo it stays down >&2; exit 9'] }")
    let run = try fleet.migrate()
    #expect(run.status == 3)
    let words = run.output.split { $0.isWhitespace }.joined(separator: " ")
    #expect(
      words.contains(
        "after: migrated to version 3, but the 'after' hook sh ended with status 9: it stays down"),
      "\(run.output)")
    #expect(words.contains("1 failed, in"))
    #expect(!words.contains("nothing was changed"))
    let record = try #require(try fleet.records()["i0000"])
    #expect(record["status"] as? String == "failed")
    #expect(record["version_after"] as? Int == 3)
    #expect((record["applied"] as? [Any])?.count == 2)
    #expect(record["backup"] is [String: Any])
    #expect(try fleet.versions() == [[1, 2, 3]])
    #expect(try fleet.migrate().status == 0)
  }

  @Test func `words reach a hook as they stand, and secrets of reports don't`() throws {
    let fleet = try SmallFleet(
      1,
      extra: """
        hooks: { before: [printf, '<%s>', '$HOME', '`id`', '; exit 3', '*', 'a b'], after: [./env.sh] }
        report:
          url: 'http://127.0.0.1:9/${PLACE}'
          token: '${FLOTILLA_REPORT_TOKEN}'
          secret: ['${SIGNING}', 'whsec_${ROTATED}']
          notify: '${CHAT}'
        """)
    let script = try fleet.folder.write("#!/bin/sh\nenv; echo $0\n", to: "env.sh")
    chmod(script, 0o755)
    let run = try Program.run(
      [
        "--fleet", fleet.folder.file("fleet.yml"), "migrate", "--yes", "--no-upload", "--report",
        "report.json",
      ],
      in: fleet.folder.path,
      environment: [
        "FLOTILLA_REPORT_TOKEN": "t0ken", "FLOTILLA_REPORT_SECRET": "s3cret", "FLOTILLA_HQ_TOKEN": "t0ken",
        "SIGNING": "whsec_s3cretS3cretS3cretS3cretS3cretS3cret",
        "ROTATED": "s3cretS3cretS3cretS3cretS3cretS3cret",
        "CHAT": "http://127.0.0.1:9/s3cret", "FLOTILLA_FLEET": "kept", "OTHER": "kept too", "PLACE": "here",
      ])
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    let ran = try hooks(of: fleet.records()["i0000"])
    #expect(ran.first?["output"] as? String == "<$HOME><`id`><; exit 3><*><a b>")
    let lines = try #require(ran.last?["output"] as? String).split(separator: "\n").map(String.init)
    for line in [
      "FLOTILLA_INSTALLATION_PATH=\(fleet.path(0))", "FLOTILLA_HOOK=after", "FLOTILLA_STATUS=migrated",
      "FLOTILLA_FLEET=kept", "OTHER=kept too", script,
    ] { #expect(lines.contains(line), "\(line)") }
    #expect(!lines.contains { $0.contains("t0ken") || $0.contains("s3cret") }, "\(lines)")
  }

  @Test func `a plan names the hooks once and runs none, nor does anything but migrate`() throws {
    let fleet = try SmallFleet(2, extra: hooks("echo x >>ran", "echo x >>ran"))
    let plan = try fleet.run("plan")
    #expect(plan.status == 0)
    #expect(plan.output.contains("\nHooks: before: sh -c echo x >>ran; after: sh -c echo x >>ran\n"))
    #expect(plan.errors == "")
    for command in ["status", "drift", "report", "backup"] { _ = try fleet.run(command) }
    #expect(!fleet.files.contains("ran"))
    #expect(try fleet.migrate().status == 0)
    #expect(try String(contentsOfFile: fleet.folder.file("ran"), encoding: .utf8) == "x\nx\nx\nx\n")
    #expect(try fleet.run("plan").output.contains("Hooks:") == false)
    #expect(try fleet.run("restore", "--run", "last", "--yes").status == 0)
    #expect(try String(contentsOfFile: fleet.folder.file("ran"), encoding: .utf8) == "x\nx\nx\nx\n")
  }

  @Test func `hooks work though whoever started the program ignores its children`() throws {
    let fleet = try SmallFleet(1, extra: hooks("true", "true"))
    let run = try Program.shell("trap '' CHLD; exec \"$FLOTILLA\" migrate --yes", in: fleet.folder.path)
    #expect(run.status == 0, "\(run.output)")
  }

  @Test func `a signal ends the run after the hooks of what has begun`() throws {
    let fleet = try SmallFleet(
      3,
      extra: hooks("echo b >>ran; until test -e go; do sleep 0.01; done; echo c >>ran", "echo a >>ran")
        + "\nrollout: { concurrency: 1 }"
    )
    let started = try Program.start(["migrate", "--yes", "--report", "report.json"], in: fleet.folder.path)
    try #require(waits(20) { fleet.files.contains("ran") }, "the hook does not run")
    // As Ctrl-C does: to the whole process group.
    let process = started.process.processIdentifier
    try #require(getpgid(process) == process)
    kill(-process, SIGINT)
    _ = try Program.waitForErrors("finishing what has begun", of: started)
    try fleet.folder.write("", to: "go")
    let run = try Program.finish(started)
    #expect(run.status == 130, "\(run.output)\(run.errors)")
    #expect(try String(contentsOfFile: fleet.folder.file("ran"), encoding: .utf8) == "b\nc\na\n")
    #expect(try fleet.versions() == [[1, 2, 3], [1], [1]])
  }
}
