import Foundation
import TestSupport
import Testing

extension Prerequisite {
  /// A user whom permissions bind.
  static let permissions = proof(
    "cd $(mktemp -d) && echo secret >file && chmod 0 file && ! \(FileSystemTests.asUser) cat file 2>/dev/null",
    "setpriv can't drop root's rights here: run `scripts/setup util-linux`, in a container with SETPCAP")
}

/// What the file system refuses. Small and read-only file systems are mounted where only a child process sees them.
@Suite struct FileSystemTests {
  /// As root, a child without the right to overlook permissions.
  static let asUser =
    geteuid() == 0
    ? "setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-dac_override,-dac_read_search" : ""

  private func words(_ run: ProgramResult) -> String {
    run.output.split { $0.isWhitespace }.joined(separator: " ")
  }

  @Test(
    .needs(.permissions),
    arguments: ["0", "444", "folder"])
  func `a file without permission is left alone and the others are migrated`(mode: String) throws {
    let fleet = try SmallFleet(2)
    let secret = fleet.folder.file("secret/s.sqlite")
    try FileManager.default.createDirectory(
      atPath: fleet.folder.file("secret"), withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: fleet.template(0), toPath: secret)
    try fleet.configure(
      "", installations: "  - { files: db/*.sqlite }\n  - { id: secret, path: secret/s.sqlite }")
    let bytes = try Content.bytes(secret)
    let target = mode == "folder" ? "chmod 0555 secret" : "chmod \(mode) secret/s.sqlite"
    let run = try Program.shell(
      "\(target); \(Self.asUser) \"$FLOTILLA\" migrate --yes --report report.json; code=$?; "
        + "chmod 755 secret; chmod 644 secret/s.sqlite; exit $code", in: fleet.folder.path)
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(words(run).contains("2 migrated · 1 failed"), "\(run.output)")
    let error = try #require(try fleet.records()["secret"]?["error"] as? [String: Any])
    #expect(error["code"] as? String == "permission", "\(error)")
    #expect(try Content.bytes(secret) == bytes)
    #expect(try fleet.versions() == [[1, 2, 3], [1, 2, 3]])
  }

  @Test(
    .needs(.permissions),
    arguments: ["state", "state/backups"])
  func `a state folder that can't be written ends the run before anything is changed`(folder: String) throws {
    let fleet = try SmallFleet(2, extra: "state: state")
    let bytes = try fleet.paths.map(Content.bytes)
    let run = try Program.shell(
      "mkdir -p \(folder); chmod 0555 \(folder); \(Self.asUser) \"$FLOTILLA\" migrate --yes; code=$?; "
        + "chmod 755 \(folder); exit $code", in: fleet.folder.path)
    #expect(run.status == 1, "\(run.output)\(run.errors)")
    #expect(run.errors.contains("state folder"), "\(run.errors)")
    #expect(run.errors.contains("Permission denied"), "\(run.errors)")
    #expect(try fleet.paths.map(Content.bytes) == bytes)
  }

  @Test(.needs(.mounts), arguments: [0, 1])
  func `a read-only file system is named and the others are migrated`(number: Int) throws {
    let fleet = try SmallFleet(2)
    try fleet.configure(
      "", installations: "  - { files: db/*.sqlite }\n  - { id: fixed, path: small/db.sqlite }")
    let run = try SmallMount.run(
      fleet, size: "4m",
      """
      cp \(fleet.template(number)) small/db.sqlite
      mount -o remount,ro small
      "$FLOTILLA" migrate --yes --report report.json; code=$?
      cp small/db.sqlite after.sqlite; ls -A small >names
      exit $code
      """)
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    #expect(words(run).contains("2 migrated · 1 failed"), "\(run.output)")
    let error = try #require(try fleet.records()["fixed"]?["error"] as? [String: Any])
    #expect(error["code"] as? String == "read_only", "\(error)")
    #expect(try Content.bytes(fleet.folder.file("after.sqlite")) == Content.bytes(fleet.template(number)))
    #expect(try String(contentsOfFile: fleet.folder.file("names"), encoding: .utf8) == "db.sqlite\n")
  }

  /// A hook that fills the small file system, but for some kilobytes, once: after the look for room.
  private func filling(_ fleet: SmallFleet, butFor kilobytes: Int) throws -> String {
    let script = """
      [ -e filled ] && exit 0
      touch filled
      free=$(df -k --output=avail small | tail -n 1)
      head -c $(((free - \(kilobytes)) * 1024)) /dev/zero >small/fill
      """
    try fleet.folder.write(script, to: "fill.sh")
    return "hooks: { before: [sh, fill.sh] }\n"
  }

  @Test(.needs(.mounts))
  func `a disk that is full during the backup changes nothing and leaves nothing behind`() throws {
    let fleet = try SmallFleet(2, rows: 30_000)
    try fleet.configure(
      "state: small/state\nrollout: { max_failures: 9, concurrency: 1 }\n" + filling(fleet, butFor: 800))
    let run = try SmallMount.run(
      fleet, size: "9m",
      """
      "$FLOTILLA" migrate --yes --report report.json; code=$?
      find small -name '*.sqlite*' ! -name 'state.sqlite*' >left
      exit $code
      """)
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    for number in [0, 1] {
      let error = try #require(try fleet.records()["i000\(number)"]?["error"] as? [String: Any])
      #expect(error["code"] as? String == "disk_full", "\(error)")
      #expect(error["step"] as? String == "back up", "\(error)")
      #expect(try Content.bytes(fleet.path(number)) == Content.bytes(fleet.template(number)))
    }
    #expect(try String(contentsOfFile: fleet.folder.file("left"), encoding: .utf8) == "")
  }

  @Test(
    .needs(.mounts), arguments: [0, 1], [100, 800])
  func `a disk that is full during the migration keeps the old version until there is room`(
    number: Int, kilobytes: Int
  ) throws {
    let fleet = try SmallFleet(0, rows: 30_000)
    try fleet.configure(
      filling(fleet, butFor: kilobytes), installations: "  - { id: tight, path: small/db.sqlite }")
    let run = try SmallMount.run(
      fleet, size: "9m",
      """
      cp \(fleet.template(number)) small/db.sqlite || exit 99
      "$FLOTILLA" migrate --yes --report report.json; code=$?
      mkdir before after; cp small/db* before
      mount -o remount,size=40m small
      "$FLOTILLA" migrate --yes || exit 98
      cp small/db* after
      exit $code
      """)
    #expect(run.status == 3, "\(run.output)\(run.errors)")
    let error = try #require(try fleet.records()["tight"]?["error"] as? [String: Any])
    #expect(error["code"] as? String == "disk_full", "\(error)")
    #expect(error["step"] as? String != "inspect", "\(error)")
    #expect(try Content.dump(fleet.folder.file("before/db.sqlite")) == Content.dump(fleet.template(number)))
    let after = fleet.folder.file("after/db.sqlite")
    #expect(try SmallFleet.versions(after) == [1, 2, 3])
    #expect(try Content.value("SELECT count(*) FROM items", at: after) == 30_000)
    #expect(try Content.integrity(after) == "ok")
  }

  @Test(.needs(.mounts))
  func `a state folder without room ends the run with a clear message`() throws {
    let fleet = try SmallFleet(2, extra: "state: small/state\nbackup: { check: none }")
    let run = try SmallMount.run(
      fleet, size: "32k", "\"$FLOTILLA\" migrate --yes; exit $?")
    #expect(run.status == 1, "\(run.output)\(run.errors)")
    #expect(run.errors.contains("state"), "\(run.errors)")
    for number in [0, 1] { #expect(try Content.integrity(fleet.path(number)) == "ok") }
  }
}
