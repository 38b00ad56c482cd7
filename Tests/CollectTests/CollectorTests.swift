import Compression
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
      store: folder.file("store.sqlite"), gate: GateTests.gate(secrets: []), limit: 100_000, keep: 3,
      talk: { lines.add($0) })
  }

  private func report(
    fleet: String = "shop", at date: String = "2026-01-01T00:00:00Z", failed: Int = 1, name: String = "hq",
    error: String = "it broke"
  ) -> String {
    """
    {"format":"flotilla.report/1","fleet":"\(fleet)","program":"flotilla 0.1.0",
     "run":{"id":"x","command":"migrate","result":"finished","finished_at":"\(date)"},
     "migrations":{"latest":9},"summary":{"installations":2,"current":1,"failed":\(failed),"by_version":{"9":1,"5":1}},
     "installations":[{"id":"\(name)","host":null,"status":"failed","version_before":5,"version_after":null,
       "error":{"message":"\(error)"}},{"id":"lab","status":"current","version_after":9}]}
    """
  }

  private func send(
    _ body: [UInt8], id: String = "report-1", _ headers: [String: String] = [:]
  ) async throws -> Answer {
    let request = GateTests.request(["webhook-id": id].merging(headers) { $1 })
    switch collector.begin(request) {
    case .failure(let refusal): return refusal.answer
    case .success(let reception):
      for start in stride(from: 0, to: body.count, by: 1000) {
        try reception.add(body[start..<min(start + 1000, body.count)])
      }
      return await collector.finish(reception)
    }
  }

  private func page(_ path: String) async -> (status: Int, text: String) {
    let answer = await collector.page(path, GateTests.request([:]), takesGzip: false)
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
    #expect(try await send(Array(odd.utf8)).status == 200)
    #expect(await page("/fleets/odd").status == 200)
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
    for id in ["plain", "zipped"] { #expect(await page("/reports/\(id)").text == text) }
    #expect(await page("/reports/none").status == 404)
    #expect(await page("/fleets/none").status == 404)
  }

  @Test func `what a report holds is shown and never acted upon`() async throws {
    let evil = "<script>alert(1)</script>"
    _ = try await send(
      Array(report(fleet: evil, at: "<i>", name: "'\\\"><img src=x>", error: "&<b>").utf8),
      ["flotilla-coordinator": "<u>\u{1b}[31mship</u>"])
    for path in ["/", "/fleets/\(evil)"] {
      let (status, text) = await page(path)
      #expect(status == 200)
      for tag in ["<script", "<img", "<i>", "<u>", "&<b>", "\u{1b}"] {
        #expect(!text.contains(tag), "\(tag)")
      }
    }
    let text = await page("/fleets/\(evil)").text
    #expect(text.contains("&#39;&quot;&gt;&lt;img src=x&gt;"))
    #expect(await page("/").text.contains("<a href=\"/fleets/%3Cscript%3Ealert%281%29%3C%2Fscript%3E\">"))
    #expect(!lines.text.contains("\u{1b}"))
  }

  @Test func `coordinators stand side by side, each with its latest, whatever came last`() async throws {
    let one = ["flotilla-coordinator": "ship-1"]
    let two = ["flotilla-coordinator": "ship-2"]
    _ = try await send(Array(report(at: "2026-01-03T00:00:00Z", name: "newest").utf8), id: "c", one)
    _ = try await send(Array(report(at: "2026-01-01T00:00:00Z", name: "oldest").utf8), id: "a", one)
    _ = try await send(Array(report(at: "2026-01-02T00:00:00Z", name: "elsewhere").utf8), id: "b", two)
    let (_, text) = await page("/fleets/shop")
    for part in ["ship-1", "ship-2", "newest", "elsewhere", "it broke", "<svg", "2026-01-01T00:00:00Z"] {
      #expect(text.contains(part), "\(part)")
    }
    #expect(!text.contains("oldest"))
  }

  @Test func `the oldest go when there are too many`() async throws {
    for day in 1...5 {
      _ = try await send(Array(report(at: "2026-01-0\(day)T00:00:00Z").utf8), id: "day-\(day)")
    }
    #expect(await page("/reports/day-2").status == 404)
    #expect(await page("/reports/day-3").status == 200)
  }

  @Test func `a store opened anew has what it had`() async throws {
    _ = try await send(Array(report().utf8))
    let lines = lines
    let second = try Collector(
      store: folder.file("store.sqlite"), gate: GateTests.gate(), limit: 1000, keep: 3,
      talk: { lines.add($0) })
    let answer = await second.page("/reports/report-1", GateTests.request([:]), takesGzip: false)
    #expect(String(decoding: answer.body, as: UTF8.self) == report())
  }

  @Test func `a file that is no store is left as it is`() throws {
    let path = try folder.write("Nobody remembers what this was, but it is no database.\n", to: "notes")
    #expect(throws: (any Error).self) {
      try Collector(store: path, gate: GateTests.gate(), limit: 1, keep: 1, talk: { _ in })
    }
    #expect(String(decoding: try Content.bytes(path), as: UTF8.self).hasPrefix("Nobody remembers"))
    #expect(throws: (any Error).self) {
      try Collector(store: "/nowhere/store", gate: GateTests.gate(), limit: 1, keep: 1, talk: { _ in })
    }
  }
}
