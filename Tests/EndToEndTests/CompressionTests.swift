import Foundation
import Glibc
import SQLite
import TestSupport
import Testing

/// `backup.compress: zstd`, from migrate to restore.
@Suite struct CompressionTests {
  private static let compress = "backup: { compress: zstd }"

  private func stored(_ fleet: SmallFleet) -> [String] {
    fleet.files.filter { $0.hasPrefix(".flotilla/backups/") && $0.contains(".sqlite") }.sorted()
  }

  @Test(.needs(.zstd)) func `backups are compressed, listed by their real names, and restored`() throws {
    let fleet = try SmallFleet(4, rows: 2_000, extra: Self.compress)
    let before = try fleet.paths.map { try Content.dump($0) }
    let run = try fleet.migrate()
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.output)\(run.errors)")
    #expect(stored(fleet).count == 4 && stored(fleet).allSatisfy { $0.hasSuffix(".sqlite.zst") })
    let record = try #require(try fleet.records()["i0000"]?["backup"] as? [String: Any])
    let (bytes, taken) = (record["bytes"] as? Int ?? 0, record["compressed_bytes"] as? Int ?? 0)
    #expect(taken > 0 && taken < bytes / 2)
    let listed = try fleet.run("backups")
    #expect(listed.status == 0 && listed.output.split(separator: "\n").count == 4)
    #expect(listed.output.contains("\(bytes) bytes, \(taken) compressed"), "\(listed.output)")
    #expect(listed.errors.contains("zstd -d"), "\(listed.errors)")
    for line in listed.output.split(separator: "\n") {
      let file = try #require(line.split(separator: " ").last.map(String.init))
      try Tool.output(of: ["zstd", "-qt", file.hasPrefix("/") ? file : fleet.folder.file(file)])
    }
    let restored = try fleet.run("restore", "--run", "last", "--yes")
    #expect(restored.status == 0, "\(restored.output)\(restored.errors)")
    #expect(restored.words.contains("4 of them compressed"), "\(restored.output)")
    #expect(try fleet.paths.map { try Content.dump($0) } == before)
    #expect(stored(fleet).count == 8 && stored(fleet).allSatisfy { $0.hasSuffix(".zst") })
  }

  @Test func `runs before and after the setting are listed, restored and pruned alike`() throws {
    let fleet = try SmallFleet(2, extra: "backup: { keep: 2 }")
    #expect(try fleet.run("backup").status == 0)
    try fleet.configure("backup: { keep: 2, compress: zstd }")
    #expect(try fleet.run("backup").status == 0)
    #expect(stored(fleet).count { $0.hasSuffix(".zst") } == 2 && stored(fleet).count == 4)
    #expect(try fleet.run("backups").output.split(separator: "\n").count == 4)
    let first = try #require(try fleet.run("history").output.split(separator: "\n").last)
    let restored = try fleet.run("restore", "--run", String(first.prefix { $0 != " " }), "--yes")
    #expect(restored.status == 0, "\(restored.output)\(restored.errors)")
    for _ in 0..<2 { #expect(try fleet.run("backup").status == 0) }
    #expect(stored(fleet).count == 4 && stored(fleet).allSatisfy { $0.hasSuffix(".zst") })
    try fleet.configure("backup: { keep: 1, compress: none }")
    #expect(try fleet.run("backup").status == 0)
    #expect(stored(fleet).count == 2 && stored(fleet).allSatisfy { $0.hasSuffix(".sqlite") })
  }

  @Test func `a compressed backup that is damaged is told by backups, and refused by restore`() throws {
    let fleet = try SmallFleet(3, extra: Self.compress)
    #expect(try fleet.migrate().status == 0)
    let files = stored(fleet).map { fleet.folder.file($0) }
    var flipped = try Data(contentsOf: URL(filePath: files[0]))
    flipped[flipped.count / 2] ^= 1
    try flipped.write(to: URL(filePath: files[0]))
    try Data(contentsOf: URL(filePath: files[1])).dropLast(9).write(to: URL(filePath: files[1]))
    let live = try fleet.paths.map { try Content.bytes($0) }
    let restored = try fleet.run("--only", "i0000,i0001", "restore", "--run", "last", "--yes")
    #expect(restored.status == 3 && restored.output.contains("can't be unpacked"), "\(restored.output)")
    #expect(try fleet.paths.map { try Content.bytes($0) } == live)
    for ending in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: fleet.folder.file(".flotilla/state.sqlite\(ending)"))
    }
    let listed = try fleet.run("backups")
    #expect(listed.status == 0 && listed.output.split(separator: "\n").count == 1, "\(listed.output)")
    for id in ["i0000", "i0001"] {
      #expect(listed.errors.contains("in the place of a backup of \(id)"), "\(listed.errors)")
    }
    #expect(!fleet.files.contains { $0.hasSuffix(".part") })
  }

  @Test(.timeLimit(.minutes(5)))
  func `a run that is killed while it compresses leaves a whole backup`() throws {
    let fleet = try SmallFleet(1, rows: 400_000, extra: Self.compress)
    let before = try Content.dump(fleet.path(0))
    let started = try Program.start(["migrate", "--yes"], in: fleet.folder.path)
    while started.process.isRunning, !fleet.files.contains(where: { $0.hasSuffix(".zst.part") }) {}
    kill(started.process.processIdentifier, SIGKILL)
    _ = try Program.finish(started)
    #expect(started.process.terminationReason == .uncaughtSignal)
    #expect(fleet.backups.count == 1, "\(stored(fleet))")
    #expect(try fleet.versions() == [[1, 2, 3]], "the migration was committed before")
    #expect(try fleet.run("backups").output.split(separator: "\n").count == 1)
    #expect(stored(fleet).count == 1)
    #expect(try fleet.run("restore", "--run", "last", "--yes").status == 0)
    #expect(try Content.dump(fleet.path(0)) == before)
  }

  @Test(.needs(.mounts))
  func `a disk that is full while a backup is compressed keeps the plain one, and is told`() throws {
    let fleet = try SmallFleet(1, rows: 30_000)
    // When the migration is committed, the disk gets full but for 20 kB.
    let fill = """
      free=$(df -k --output=avail small | tail -n 1)
      head -c $(((free - 20) * 1024)) /dev/zero >small/fill
      """
    try fleet.folder.write(fill, to: "fill.sh")
    try fleet.configure("state: small/state\n\(Self.compress)\nhooks: { after: [sh, fill.sh] }")
    let run = try SmallMount.run(
      fleet, size: "30m",
      """
      "$FLOTILLA" migrate --yes --report report.json; code=$?
      find small -name '*.sqlite*' ! -name 'state.sqlite*' >left
      rm small/fill
      "$FLOTILLA" backups >listed && "$FLOTILLA" restore --run last --yes || exit 99
      exit $code
      """)
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(run.errors.contains("backup of i0000 is complete, but could not be compressed"), "\(run.errors)")
    let left = try String(contentsOfFile: fleet.folder.file("left"), encoding: .utf8).split(separator: "\n")
    #expect(left.count == 1 && left[0].hasSuffix("i0000.sqlite"), "\(left)")
    #expect(try fleet.records()["i0000"]?["status"] as? String == "migrated")
    #expect(try fleet.versions() == [[1]])
  }

  @Test func `a host compresses its backups itself, and they are restored there`() throws {
    let host = try HostFleet(2, extra: Self.compress)
    let before = try host.fleet.paths.map { try Content.dump($0) }
    #expect(try host.fleet.migrate().status == 0)
    #expect(host.backups.isEmpty && host.compressed.count == 2)
    let listed = try host.fleet.run("backups").output
    #expect(listed.contains(" compressed  127.0.0.1:") && listed.contains(".sqlite.zst"), "\(listed)")
    let run = try host.fleet.run("restore", "--run", "last", "--yes")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(try host.fleet.paths.map { try Content.dump($0) } == before)
  }

  @Test func `a fetched backup is compressed here too, and takes the place of a damaged one`() throws {
    let host = try HostFleet(2, extra: "backup: { compress: zstd, fetch: true }")
    let before = try host.fleet.paths.map { try Content.dump($0) }
    #expect(try host.fleet.migrate().status == 0)
    #expect(stored(host.fleet).count == 2 && stored(host.fleet).allSatisfy { $0.hasSuffix(".sqlite.zst") })
    let there = URL(filePath: host.fleet.folder.file(host.compressed[0]))
    try Data(contentsOf: there).dropLast(5).write(to: there)
    let run = try host.fleet.run("restore", "--run", "last", "--yes")
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(try host.fleet.paths.map { try Content.dump($0) } == before)
    #expect(!host.fleet.files.contains { $0.hasSuffix(".part") })
    let listed = try host.fleet.run("backups").output
    #expect(host.backups.count == 1 && listed.contains("\(host.backups[0]) and "), "\(listed)")
  }
}

extension HostFleet {
  /// The compressed backups beside the databases.
  fileprivate var compressed: [String] {
    fleet.files.filter { $0.hasPrefix("db/.flotilla/backups/") && $0.hasSuffix(".sqlite.zst") }
  }
}
