import Compression
import Foundation
import Synchronization
import TestSupport
import Testing
import Upload

@testable import Collect

@Suite struct CollectorTests {
  let folder: TemporaryFolder
  let collector: Collector
  let lines = Lines()

  final class Lines: Sendable {
    private let all = Mutex<[String]>([])
    var text: String { all.withLock { $0.joined(separator: "\n") } }
    func add(_ line: String) { all.withLock { $0.append(line) } }
  }

  init() throws {
    folder = try TemporaryFolder()
    let lines = lines
    collector = try Collector(
      store: folder.file("store.sqlite"), authorizer: RequestAuthorizerTests.authorizer(secrets: []),
      limit: 100_000, keep: 3,
      log: { lines.add($0) })
  }

  private func report(
    fleet: String = "shop", at date: String = "2026-01-01T00:00:00Z", failed: Int = 1, name: String = "hq",
    error: String = "it broke", only: String = "null", latest: Int = 1
  ) -> String {
    """
    {"format":"flotilla.report/1","fleet":"\(fleet)","program":"flotilla 0.1.0",
     "run":{"id":"x","command":"migrate","result":"finished","started_at":"\(date)","finished_at":"\(date)",
       "only":\(only)},
     "migrations":{"count":9,"latest":9,"digest":"sha256:00"},"cohorts":[],
     "waves":[{"number":1,"name":"canary","installations":1},{"number":2,"name":"100%","installations":3}],
     "summary":{"installations":2,"current":1,"failed":\(failed),"by_version":{"9":\(latest),"5":\(2 - latest)}},
     "installations":[{"id":"\(name)","host":null,"path":"/hq","groups":[],"labels":{},"wave":1,"status":"failed",
       "version_before":5,"version_after":null,"applied":[],"pending":[],"backup":null,"drift":[],
       "error":{"code":"sql","step":"migrate","message":"\(error)"},"fingerprint":null,"milliseconds":{},"bytes":1},
      {"id":"lab","host":null,"path":"/lab","groups":[],"labels":{},"wave":2,"status":"current","version_before":9,
       "version_after":9,"applied":[],"pending":[],"backup":null,"drift":[],"error":null,"fingerprint":null,
       "milliseconds":{},"bytes":1}]}
    """
  }

  private func send(
    _ body: [UInt8], id: String = "report-1", _ headers: [String: String] = [:]
  ) async throws -> Answer {
    let request = RequestAuthorizerTests.request(["webhook-id": id].merging(headers) { $1 })
    switch collector.begin(request) {
    case .failure(let refusal): return refusal.answer
    case .success(let reception):
      for start in stride(from: 0, to: body.count, by: 1000) {
        reception.add(body[start..<min(start + 1000, body.count)])
      }
      return await collector.finish(reception)
    }
  }

  private func page(_ path: String) async -> (status: Int, text: String) {
    let answer = await collector.page(path, RequestAuthorizerTests.request([:]), takesGzip: false)
    return (answer.status, String(decoding: answer.body, as: UTF8.self))
  }

  @Test(arguments: [
    "", "{", "[]", "null", "{}", #"{"format":"flotilla.report/1"}"#, #"{"format":"flotilla.report/2"}"#,
    #"{"format":"flotilla.report/1","fleet":1,"run":{"finished_at":"x"},"installations":[]}"#,
    #"{"format":"flotilla.report/1","fleet":"","run":{"finished_at":"x"},"installations":[]}"#,
    #"{"format":"flotilla.report/1","fleet":"a","run":[],"installations":[]}"#,
    #"{"format":"flotilla.report/1","fleet":"a","run":{"finished_at":"x"},"installations":{}}"#,
    #"{"format":"flotilla.report/1","fleet":"a","run":{"finished_at":"x"},"installations":[{},,{}]}"#,
    #"{"format":"flotilla.report/1","fleet":"a","run":{"finished_at":"x"},"installations":[{},]}"#,
    #"{"format":"flotilla.report/1","fleet":"a","run":{"finished_at":"x"},"installations":[{"id":}]}"#,
    #"{"format":"flotilla.report/1","fleet":"a","run":{"finished_at":"x"},"installations":[{"id":1}"#,
    #"{"format":"flotilla.report/1","fleet":"a","run":{"finished_at":"x"},"installations":[}]}"#,
    #"]]]{"format":"flotilla.report/1","fleet":"a","run":{"finished_at":"x"},"installations":[]}"#,
  ])
  func `what is no report is refused for good, and nothing of it is kept`(body: String) async throws {
    #expect(try await send(Array(body.utf8)).status == 400)
    #expect(await page("/").text.contains("No report has come yet"))
  }

  @Test func `bytes that aren't text are no report`() async throws {
    #expect(try await send([0xff, 0xfe, 0x00]).status == 400)
    let nested = String(repeating: "[", count: 50_000)
    #expect(try await send(Array(nested.utf8)).status == 400)
  }

  @Test func `fields of other types do no harm`() async throws {
    let odd = """
      {"format":"flotilla.report/1","fleet":"odd","program":[1],"run":{"finished_at":"x","command":{}},
       "migrations":5,"summary":{"installations":"many","failed":-3,"by_version":[1,2]},
       "other":"installations","\\"":["installations",{"installations":[3]}],
       "installations":[1,"two,]}",null,{"id":{"a":1},"status":7,"version_after":"x","error":"no object"}]}
      """
    #expect(try await send(Array(odd.utf8), id: "odd-1").status == 200)
    for path in ["/", "/fleets/odd", "/fleets/odd/unnamed", "/reports/odd-1"] {
      let (status, text) = await page(path)
      #expect(status == 200)
      #expect(path == "/" || text.contains("can't be shown as a page"), "\(path)")
    }
    #expect(await page("/reports/odd-1.json").text == odd)
    _ = try await send(Array(report(fleet: "odd").utf8), ["flotilla-coordinator": "sound"])
    let text = await page("/fleets/odd").text
    #expect(text.contains("can't be shown as a page") && text.contains("1</b> of 2 on version 9"))
  }

  @Test func `versions that are texts are counted like numbers`() async throws {
    let text = report().replacing("\"latest\":9", with: "\"latest\":\"0009_b.sql\"")
      .replacing("{\"9\":1,", with: "{\"0009_b.sql\":1,")
      .replacing("\"version_after\":9", with: "\"version_after\":\"0009_b.sql\"")
    _ = try await send(Array(text.utf8), ["flotilla-coordinator": "a"])
    _ = try await send(Array(report().utf8), id: "other", ["flotilla-coordinator": "b"])
    let overview = await page("/fleets/shop").text
    #expect(overview.contains("1</b> of 2 on version 0009_b.sql"), "\(overview)")
    #expect(overview.ranges(of: "1</b> of 2 on version").count == 2)
    #expect(overview.ranges(of: "data-name=\"On latest version\">1</td>").count == 4)
  }

  @Test(arguments: ["9223372036854775807", "-9223372036854775808", "7e300", "0.5", "null"])
  func `no number brings the pages down`(number: String) async throws {
    let names = [
      "\"installations\":2", "\"current\":1", "\"failed\":1", "\"9\":1", "\"5\":1", "\"count\":9",
      "\"latest\":9",
      "\"number\":1", "\"installations\":1", "\"installations\":3", "\"wave\":1", "\"wave\":2",
      "\"version_before\":5",
      "\"version_after\":9", "\"version_after\":null", "\"bytes\":1", "\"pending\":[]", "\"milliseconds\":{}",
    ]
    func changed(_ text: String, _ name: String) -> String {
      let key = name.prefix { $0 != ":" }
      let value =
        name.hasSuffix("[]")
        ? "[\(number),\(number)]" : name.hasSuffix("{}") ? "{\"total\":\(number)}" : number
      return text.replacing(name, with: "\(key):\(value)")
    }
    let cohort = "{\"version\":9,\"fingerprint\":null,\"count\":\(number),\"drift\":[]}"
    let text = report().replacing("\"cohorts\":[]", with: "\"cohorts\":[\(cohort),\(cohort)]")
    for (place, name) in names.enumerated() {
      _ = try await send(Array(changed(text, name).utf8), id: "one-\(place)", ["flotilla-coordinator": name])
      #expect(await page("/reports/one-\(place)").status == 200, "\(name)")
    }
    _ = try await send(Array(names.reduce(text, changed).utf8), id: "all", ["flotilla-coordinator": "two"])
    for path in ["/", "/fleets/shop", "/fleets/shop/two", "/reports/all"] {
      #expect(await page(path).status == 200, "\(path)")
    }
  }

  @Test func `a bomb, a body that is too large, and what is no gzip are refused`() async throws {
    let bomb = try GzipCompressor.compress([UInt8](repeating: 32, count: 10 << 20))
    #expect(bomb.count < 100_000)
    let gzip = ["content-encoding": "gzip"]
    #expect(try await send(bomb, gzip).status == 413)
    #expect(try await send([UInt8](repeating: 32, count: 100_001)).status == 413)
    #expect(try await send([], ["content-length": "100001"]).status == 413)
    #expect(try await send(Array(report().utf8), gzip).status == 400)
    #expect(try await send(Array(report().utf8), ["content-encoding": "br"]).status == 415)
    #expect(try await send(Array(report().utf8), ["content-length": "5000"]).status == 400)
    #expect(await page("/").text.contains("No report has come yet"))
  }

  @Test func `a report that comes again is acknowledged and kept once`() async throws {
    #expect(try await send(Array(report().utf8)).body == Array("received\n".utf8))
    let again = try await send(Array(report(fleet: "other").utf8))
    #expect(again.status == 200 && again.body == Array("already received\n".utf8))
    #expect(await !page("/").text.contains("other"))
  }

  @Test func `a report comes back as it came, compressed or not`() async throws {
    let text = report(fleet: "übersee")
    _ = try await send(Array(text.utf8), id: "plain")
    _ = try await send(
      GzipCompressor.compress(Array(text.utf8)), id: "zipped", ["content-encoding": "gzip"])
    for id in ["plain", "zipped"] {
      #expect(await page("/reports/\(id).json").text == text)
      let request = RequestAuthorizerTests.request([:])
      let answer = await collector.page("/reports/\(id).json", request, takesGzip: true)
      #expect(answer.headers.contains { $0 == ("Content-Encoding", "gzip") })
      #expect(try GzipExpander.expand(answer.body, limit: 100_000) == Array(text.utf8))
    }
    for path in [
      "/reports/none", "/reports/none.json", "/fleets/none", "/fleets/shop/none", "/nothing", "/fleets",
      "/fleets/shop/unnamed/more", "/%ff", "/reports/%",
    ] { #expect(await page(path).status == 404, "\(path)") }
  }

  @Test func `what a report holds is shown and never acted upon`() async throws {
    let evil = "<script>alert(1)</script>"
    _ = try await send(
      Array(report(fleet: evil, at: "<i>", name: "'\\\"><img src=x>", error: "&<b>").utf8),
      ["flotilla-coordinator": "<u>\u{1b}[31mship</u>"])
    let fleet = "/fleets/%3Cscript%3Ealert%281%29%3C%2Fscript%3E"
    let second = ["flotilla-coordinator": "second"]
    for isSideBySide in [false, true] {
      if isSideBySide {
        let other = report(fleet: evil, at: "2026-01-01T00:00:00Z", only: "\"<img src=x>\"")
        _ = try await send(Array(other.utf8), id: "report-2", second)
      }
      let coordinator = fleet + "/%3Cu%3E%20%5B31mship%3C%2Fu%3E"
      for path in ["/", fleet, "/reports/report-1", isSideBySide ? fleet + "/second" : coordinator] {
        let (status, text) = await page(path)
        #expect(status == 200, "\(path)")
        for tag in ["<script>alert", "<img", "<i>", "<u>", "&<b>", "\u{1b}"] {
          #expect(!text.contains(tag), "\(tag) on \(path)")
        }
      }
    }
    let text = await page("/reports/report-1").text
    #expect(text.contains("&#39;&quot;&gt;&lt;img src=x&gt;"))
    #expect(await page("/").text.contains("<a href=\"\(fleet)\">"))
    #expect(!lines.text.contains("\u{1b}"))
  }

  @Test func `names with slashes and dots are found`() async throws {
    _ = try await send(Array(report(fleet: "a/b").utf8), ["flotilla-coordinator": "../x/y"])
    for path in ["/fleets/a%2Fb", "/fleets/a%2Fb/..%2Fx%2Fy"] {
      #expect(await page(path).text.contains("of 2 on version 9"), "\(path)")
    }
  }

  @Test func `coordinators stand side by side, each with its latest, whatever came last`() async throws {
    let one = ["flotilla-coordinator": "ship-1"]
    let two = ["flotilla-coordinator": "ship-2"]
    _ = try await send(Array(report(at: "2026-01-03T00:00:00Z", name: "newest").utf8), id: "c", one)
    _ = try await send(Array(report(at: "2026-01-01T00:00:00Z", name: "oldest").utf8), id: "a", one)
    _ = try await send(Array(report(at: "2026-01-02T00:00:00Z", name: "elsewhere").utf8), id: "b", two)
    let (_, text) = await page("/fleets/shop")
    for part in [
      "ship-1", "ship-2", "newest", "elsewhere", "it broke", "<svg", "2026-01-01T00:00:00Z",
      "<a href=\"/reports/b?status=failed#installations\">",
    ] {
      #expect(text.contains(part), "\(part)")
    }
    #expect(!text.contains("oldest"))
    #expect(await page("/fleets/shop/ship-2").text.contains("elsewhere"))
    #expect(await page("/reports/a").text.contains("oldest"))
  }

  @Test func `a page has its coordinator's history and latest rollout, and nobody else's`() async throws {
    let ship = ["flotilla-coordinator": "ship-1"]
    for (day, only, name) in [
      (1, "null", "ship-1"), (2, "null", "ship-2"), (3, "\"hq\"", "ship-1"), (4, "null", "ship-1"),
      (5, "null", "ship-1"),
    ] {
      let text = report(at: "2026-01-0\(day)T00:00:00Z", only: only)
      _ = try await send(Array(text.utf8), id: "day-\(day)", ["flotilla-coordinator": name])
    }
    #expect(await page("/reports/day-4").text.contains("There is one run over the whole fleet so far"))
    let newest = await page("/fleets/shop/ship-1").text
    // Three are kept of a coordinator, so that the first is gone; the third was over a selection.
    for day in 1...5 {
      #expect(newest.contains("2026-01-0\(day) 00:00 UTC</th>") == (day >= 4), "\(day)")
    }
    #expect(newest.contains("Rollout by wave") && newest.contains("0 of 1") && newest.contains("2 not begun"))
    let look = report(at: "2026-01-06T00:00:00Z").replacing(
      "\"migrate\",\"result", with: "\"report\",\"result"
    )
    .replacing("\"id\":\"x\"", with: "\"id\":\"y\"")
    _ = try await send(Array(look.utf8), id: "day-6", ship)
    #expect(await page("/fleets/shop/ship-1").text.contains("Latest rollout by wave"))
  }

  @Test func `of very many coordinators those with trouble stand side by side, and it is said`() async throws
  {
    for number in 10..<40 {
      let name = ["flotilla-coordinator": "ship-\(number)"]
      let text = report(failed: number == 39 ? 1 : 0)
      _ = try await send(Array(text.utf8), id: "\(number)", name)
    }
    let text = await page("/fleets/shop").text
    #expect(text.contains("Of 30 coordinators, the 24 that need attention first"))
    #expect(text.contains("<h2 id=\"coordinator-0\"><a href=\"/fleets/shop/ship-39\">"))
    #expect(text.contains("/fleets/shop/ship-38") && !text.contains("id=\"coordinator-24\""))
  }

  @Test func `the oldest go when there are too many`() async throws {
    for day in 1...5 {
      _ = try await send(Array(report(at: "2026-01-0\(day)T00:00:00Z").utf8), id: "day-\(day)")
    }
    #expect(await page("/reports/day-2").status == 404)
    #expect(await page("/reports/day-3").status == 200)
  }

  @Test func `a report that was acknowledged stays, whatever others say of their date`() async throws {
    for (number, date) in ["2099-01-01T00:00:00Z", "zzzz", "2098-01-01T00:00:00Z"].enumerated() {
      _ = try await send(Array(report(at: date, name: "future").utf8), id: "future-\(number)")
    }
    let now = report(at: Date().formatted(.iso8601), name: "newest")
    #expect(try await send(Array(now.utf8), id: "now").body == Array("received\n".utf8))
    #expect(await page("/reports/now.json").text == now)
    #expect(await page("/reports/future-0").status == 404)
    let old = report(at: "2026-01-01T00:00:00Z")
    _ = try await send(Array(old.utf8), id: "old")
    #expect(await page("/reports/old.json").text == old)
  }

  @Test func `one report doesn't fill the lists of all`() async throws {
    let long = String(repeating: "\\\"", count: 10_000)
    let text = report(only: "\"\(long)\"")
      .replacing("\"migrate\",", with: "\"\(long)\",")
      .replacing("\"by_version\":{", with: "\"by_version\":{" + (0..<1100).map { "\"1\($0)\":1," }.joined())
    let answer = try await send(Array(text.utf8))
    #expect(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self)) \(lines.text)")
    #expect(await page("/").text.count < 40_000)
    #expect(await page("/fleets/shop").status == 200)
  }

  @Test(arguments: [
    ".", "..", "a\\u0000\(String(repeating: "b", count: 1000))", String(repeating: "ü", count: 401),
  ])
  func `a fleet whose page could not be found is refused`(name: String) async throws {
    #expect(try await send(Array(report(fleet: name).utf8)).status == 400)
    _ = try await send(Array(report().utf8), ["flotilla-coordinator": ".."])
    #expect(await page("/fleets/shop/unnamed").status == 200)
  }

  @Test func `what stands behind a NUL is no JSON`() async throws {
    #expect(try await send(Array(report().utf8) + [0] + Array("garbage".utf8)).status == 400)
  }

  @Test func `a store opened anew has what it had`() async throws {
    _ = try await send(Array(report().utf8))
    let lines = lines
    let second = try Collector(
      store: folder.file("store.sqlite"), authorizer: RequestAuthorizerTests.authorizer(), limit: 1000,
      keep: 3,
      log: { lines.add($0) })
    let answer = await second.page(
      "/reports/report-1.json", RequestAuthorizerTests.request([:]), takesGzip: false)
    #expect(String(decoding: answer.body, as: UTF8.self) == report())
  }

  @Test func `another program's database is left as it is`() throws {
    let path = try folder.database("other.sqlite", "CREATE TABLE reports (x)")
    let before = try Content.bytes(path)
    #expect {
      try Collector(
        store: path, authorizer: RequestAuthorizerTests.authorizer(), limit: 1, keep: 1, log: { _ in })
    } throws: { "\($0)".contains("is not one that this version of flotilla made") }
    #expect(try Content.bytes(path) == before)
  }

  /// The reports of a store in its first form, and in version 1.
  private static let earlier = [
    """
    CREATE TABLE reports (
      id TEXT PRIMARY KEY, fleet TEXT NOT NULL, coordinator TEXT NOT NULL, received_at TEXT NOT NULL,
      finished_at TEXT NOT NULL, command TEXT, result TEXT, program TEXT, latest INTEGER,
      installations INTEGER, migrated INTEGER, current INTEGER, pending INTEGER, failed INTEGER,
      unreachable INTEGER, skipped INTEGER, drifted INTEGER, by_version TEXT NOT NULL,
      bytes INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
    CREATE INDEX reports_by_fleet ON reports (fleet, coordinator, finished_at, id);
    CREATE TABLE installations (
      report TEXT NOT NULL, place INTEGER NOT NULL, id TEXT, host TEXT, status TEXT, version INTEGER, error TEXT,
      PRIMARY KEY (report, place)) STRICT, WITHOUT ROWID;
    INSERT INTO reports (id, fleet, coordinator, received_at, finished_at, by_version, bytes, body)
      VALUES ('report-1', 'shop', 'hub', '2026-01-28T09:30:00Z', '2026-01-28T09:29:00Z', '{}', 1, x'BODY');
    """,
    """
    CREATE TABLE reports (
      id TEXT PRIMARY KEY, fleet TEXT NOT NULL, coordinator TEXT NOT NULL, received_at TEXT NOT NULL,
      finished_at TEXT NOT NULL, command TEXT, result TEXT, selection TEXT, latest INTEGER,
      installations INTEGER, failed INTEGER, unreachable INTEGER, drifted INTEGER, by_version TEXT NOT NULL,
      waves TEXT, head TEXT NOT NULL, bytes INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
    CREATE INDEX reports_by_fleet ON reports (fleet, coordinator, finished_at, id);
    INSERT INTO reports (id, fleet, coordinator, received_at, finished_at, by_version, head, bytes, body)
      VALUES ('report-1', 'shop', 'hub', '2026-01-28T09:30:00Z', '2026-01-28T09:29:00Z', '{}', '{}', 1, x'BODY');
    PRAGMA user_version = 1;
    """,
  ]

  @Test(arguments: earlier.indices)
  func `a store of an earlier form is upgraded, and its reports are read as those that come`(form: Int)
    async throws
  {
    let body = try GzipCompressor.compress(Array(report().utf8)).map { String(format: "%02x", $0) }.joined()
    let path = try folder.database("old.sqlite", Self.earlier[form].replacing("BODY", with: body))
    let old = try Collector(
      store: path, authorizer: RequestAuthorizerTests.authorizer(), limit: 1000, keep: 3, log: { _ in })
    let answer = await old.page(
      "/reports/report-1.json", RequestAuthorizerTests.request([:]), takesGzip: false)
    #expect(String(decoding: answer.body, as: UTF8.self) == report())
    let page = await old.page("/fleets/shop/hub", RequestAuthorizerTests.request([:]), takesGzip: false)
    #expect(page.status == 200)
  }

  @Test(arguments: earlier.indices)
  func `a store of an earlier form with a report that can't be read is left as it was`(form: Int) throws {
    let path = try folder.database("old.sqlite", Self.earlier[form].replacing("BODY", with: "00"))
    let before = try Content.bytes(path)
    #expect(throws: (any Error).self) {
      try Collector(
        store: path, authorizer: RequestAuthorizerTests.authorizer(), limit: 1, keep: 1, log: { _ in })
    }
    #expect(try Content.bytes(path) == before)
  }

  @Test func `a store of a newer flotilla is refused, with what to do, and left byte for byte`() throws {
    let path = try folder.database(
      "newer.sqlite", "PRAGMA journal_mode=WAL; CREATE TABLE later (x); PRAGMA user_version = 3")
    let before = try Content.bytes(path)
    #expect {
      try Collector(
        store: path, authorizer: RequestAuthorizerTests.authorizer(), limit: 1, keep: 1, log: { _ in })
    } throws: { "\($0)".contains("was written by a newer flotilla; use that, or another store") }
    #expect(try Content.bytes(path) == before)
  }

  @Test func `a file that is no store is left as it is`() throws {
    let path = try folder.write("Nobody remembers what this was, but it is no database.\n", to: "notes")
    #expect(throws: (any Error).self) {
      try Collector(
        store: path, authorizer: RequestAuthorizerTests.authorizer(), limit: 1, keep: 1, log: { _ in })
    }
    #expect(String(decoding: try Content.bytes(path), as: UTF8.self).hasPrefix("Nobody remembers"))
    #expect(throws: (any Error).self) {
      try Collector(
        store: "/nowhere/store", authorizer: RequestAuthorizerTests.authorizer(), limit: 1, keep: 1,
        log: { _ in })
    }
  }
}
