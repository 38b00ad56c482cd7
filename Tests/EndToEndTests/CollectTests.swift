import Foundation
import SQLite
import TestSupport
import Testing

/// The uploader and the collector against each other, and the collector against a stranger.
@Suite struct CollectTests {
  let folder: TemporaryFolder
  var store: String { folder.file("store.sqlite") }

  init() throws { folder = try TemporaryFolder() }

  private func ids() throws -> [String] {
    let database = try Connection(path: store, access: .readWrite)
    defer { database.close() }
    return try database.rows("SELECT id FROM reports ORDER BY id") { $0.text(0) ?? "" }
  }

  @Test(
    arguments: [
      ([], [:], "anybody could send reports"),
      (["--token-file", "/nowhere/token"], [:], "/nowhere/token is missing"),
      (
        [], ["FLOTILLA_COLLECT_TOKEN": "s3cret", "FLOTILLA_COLLECT_SECRET": " "],
        "no secret in $FLOTILLA_COLLECT_SECRET"
      ),
      ([], ["FLOTILLA_COLLECT_TOKEN": ""], "the secret in $FLOTILLA_COLLECT_TOKEN is empty"),
      (
        ["--secret-file", "/nowhere"], ["FLOTILLA_COLLECT_TOKEN": "s3cret"],
        "secrets in /nowhere can't be read"
      ),
      (["--secret-file", "/dev/null"], ["FLOTILLA_COLLECT_TOKEN": "s3cret"], "secrets in /dev/null"),
      ([], ["FLOTILLA_COLLECT_SECRET": "s3cret"], "must be base64 behind whsec_"),
      (
        ["--store", "/nowhere/store"], ["FLOTILLA_COLLECT_TOKEN": "s3cret"],
        "the store /nowhere/store can't be written"
      ),
      (["--listen", "192.0.2.1:9"], ["FLOTILLA_COLLECT_TOKEN": "s3cret"], "flotilla collect: "),
    ] as [([String], [String: String], String)])
  func `a collector that couldn't do its work doesn't start`(
    arguments: [String], environment: [String: String], message: String
  ) throws {
    let run = try Program.finish(
      Program.start(
        ["20", Program.path, "collect"] + arguments, in: folder.path, environment: environment,
        executable: "/usr/bin/timeout"))
    #expect(run.status == 1, "\(run.errors)")
    #expect(run.errors.contains(message), "\(run.errors)")
    #expect(!run.errors.contains("s3cret"))
  }

  @Test func `what is sent is kept, shown, and the same as on the disk, and a repetition is acknowledged`()
    throws
  {
    let collector = try RunningCollector(store: store)
    let fleet = try SmallFleet(40, extra: collector.settings)
    try Data().write(to: URL(filePath: fleet.path(3)))
    let run = try fleet.run("migrate", "--yes", "--max-failures", "2")
    #expect(run.status == 3)
    #expect(run.output.contains("delivered to 127.0.0.1"), "\(run.output)")
    let id = try #require(fleet.files.first { $0.hasPrefix(".flotilla/reports/") }?.suffix(31).dropLast(5))
    let kept = try String(contentsOfFile: fleet.folder.file(".flotilla/reports/\(id).json"), encoding: .utf8)
    #expect(try collector.curl("\(collector.url)reports/\(id).json") == kept + "\n200")
    #expect(try collector.curl("--compressed", "\(collector.url)reports/\(id).json") == kept + "\n200")
    let page = try collector.curl("\(collector.url)fleets/small")
    for part in ["<b>39</b> of 40 on version 3", "i0003", "1 failed", "<svg", "Rollout by wave"] {
      #expect(page.contains(part), "\(part)")
    }
    #expect(try collector.curl(collector.url).contains("<a href=\"/fleets/small\"><bdi>small</bdi></a>"))
    #expect(try fleet.run("report", "--run", "last", "--upload").status == 0)
    let end = try collector.stop()
    #expect(end.status == 0, "\(end.errors)")
    #expect(end.errors.contains("report \(id): already received"))
    for secret in ["t0ken", "MfKQ"] {
      #expect(!(end.errors + run.output + run.errors + page).contains(secret))
    }
    #expect(try ids() == [String(id)])
  }

  @Test(.needs(.chromium))
  func `the pages can be used, with a mouse, a keyboard and a screen reader, on a desk and a phone`() throws {
    let collector = try RunningCollector(
      store: store, environment: ["FLOTILLA_COLLECT_TOKEN": RunningCollector.token])
    let report = "report: { url: \"\(collector.url)\", token: \(RunningCollector.token) }"
    let fleet = try SmallFleet(12, extra: report)
    #expect(try fleet.run("report", "--upload").status == 0)
    try Data().write(to: URL(filePath: fleet.path(3)))
    #expect(try fleet.run("migrate", "--yes", "--max-failures", "2").status == 3)
    let alone = try ReportReader.run("collector.py", [collector.url, "small", "1"])
    #expect(alone.status == 0, "\(alone.errors)")
    for file in fleet.files where file.hasPrefix(".flotilla/reports/") {
      let sent = try collector.curl(
        "--data-binary", "@\(fleet.folder.file(file))",
        "-H",
        "Authorization: Bearer \(RunningCollector.token)",
        "-H", "webhook-id: again-\(file.dropLast(5).suffix(10))", "-H", "Flotilla-Coordinator: zulu",
        collector.url)
      #expect(sent == "received\n\n200")
    }
    let two = try ReportReader.run("collector.py", [collector.url, "small", "2"])
    #expect(two.status == 0, "\(two.errors)")
  }

  @Test(arguments: [
    ("token: wrong-token, secret: \(RunningCollector.secret)", "the token is missing or wrong"),
    ("token: \(RunningCollector.token)", "the report must be signed"),
    ("token: \(RunningCollector.token), secret: whsec_\(String(repeating: "A", count: 32))", "doesn't match"),
  ])
  func `a sender that isn't known keeps its report`(settings: String, reason: String) throws {
    let collector = try RunningCollector(store: store)
    let fleet = try SmallFleet(1, extra: "report: { url: \"\(collector.url)\", \(settings) }")
    let run = try fleet.run("migrate", "--yes")
    #expect(run.status == 6)
    #expect(run.words.contains("answered 401") && run.words.contains(reason), "\(run.output)")
    #expect(fleet.files.count { $0.hasPrefix(".flotilla/outbox/0") } == 1)
    #expect(!(run.output + run.errors).contains("wrong-token"))
    try fleet.configure(collector.settings)
    #expect(try fleet.run("report", "flush").status == 0)
    _ = try collector.stop()
    #expect(try ids().count == 1)
  }

  /// Signs with openssl and sends with curl, as somebody would who has only the scheme's text.
  private static let stranger = """
    set -eu
    key=$(printf %s "${SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \\n')
    time=$(($(date +%s) + OFFSET))
    signature=$({ printf '%s' "$ID.$time."; cat "$FILE"; } | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary |
      base64)
    curl -s --max-time 20 -w ' %{http_code}' --data-binary @"$SENT" -H "Authorization: Bearer $TOKEN" \
      -H "webhook-id: $ID" -H "webhook-timestamp: $time" -H "webhook-signature: v1,$signature" -H "$MORE" "$URL"
    """

  private func strange(_ url: String, _ changes: [String: String] = [:]) throws -> String {
    let file = try folder.write(
      #"{"format":"flotilla.report/1","fleet":"strange","run":{"finished_at":"2026"},"installations":[]}"#,
      to: "report.json")
    let environment = [
      "SECRET": RunningCollector.secret, "TOKEN": RunningCollector.token, "ID": "stranger-1", "OFFSET": "0",
      "FILE": file, "SENT": file, "MORE": "Content-Type: application/json", "URL": url,
    ].merging(changes) { $1 }
    let run = try Program.finish(
      Program.start(
        ["-c", Self.stranger], in: folder.path, environment: environment, executable: "/bin/bash"))
    return run.output.replacing("\n", with: "")
  }

  @Test func `a stranger with curl and openssl is let in, and kept out for everything that isn't right`()
    throws
  {
    let collector = try RunningCollector("--max-body", "1", store: store)
    let url = collector.url
    #expect(try strange(url, ["OFFSET": "-400"]).hasSuffix("5 minutes off: compare the clocks 401"))
    #expect(try strange(url, ["OFFSET": "400"]).hasSuffix(" 401"))
    #expect(try strange(url, ["TOKEN": "wrong"]).hasSuffix("the token is missing or wrong 401"))
    let wrong = "whsec_" + String(repeating: "A", count: 32)
    #expect(try strange(url, ["SECRET": wrong]) == "the signature doesn't match 401")
    let other = try folder.write("{\"format\":\"flotilla.report/1\"}", to: "other.json")
    #expect(try strange(url, ["SENT": other]) == "the signature doesn't match 401")
    #expect(try strange(url, ["FILE": other, "SENT": other]) == "the body is no flotilla.report/1 400")
    let large = try folder.write(String(repeating: " ", count: 3_000_000), to: "large")
    #expect(try strange(url, ["FILE": large, "SENT": large]).hasSuffix(" 413"))
    let chunked = ["FILE": large, "SENT": large, "MORE": "Transfer-Encoding: chunked"]
    #expect(try strange(url, chunked).hasSuffix(" 413"))
    _ = try Program.shell("head -c 5000000 /dev/zero | gzip > bomb", in: folder.path)
    let bomb = ["FILE": folder.file("bomb"), "SENT": folder.file("bomb"), "MORE": "Content-Encoding: gzip"]
    #expect(try strange(url, bomb).hasSuffix(" 413"))

    #expect(try strange(url) == "received 200")
    #expect(try strange(url) == "already received 200")
    let two = RunningCollector.secret
    #expect(try strange(url, ["ID": "stranger-2", "SECRET": two]) == "received 200")
    #expect(try collector.curl("-X", "DELETE", url).hasSuffix("405"))
    #expect(try collector.curl("-H", "Host: collector.example", url).hasSuffix("403"))
    #expect(try collector.curl("\(url)fleets/strange").contains("<h1><bdi>strange</bdi></h1>"))
    let end = try collector.stop()
    #expect(end.status == 0)
    #expect(try ids() == ["stranger-1", "stranger-2"])
    #expect(!end.errors.contains("t0ken") && !end.errors.contains("wrong from"))
  }

  @Test func `with a read token nobody reads without it, and senders can't read`() throws {
    let token = try folder.write("r34d\n", to: "read-token")
    let collector = try RunningCollector("--read-token-file", token, store: store)
    #expect(try collector.curl(collector.url).hasSuffix("\n401"))
    #expect(
      try collector.curl("-H", "Authorization: Bearer \(RunningCollector.token)", collector.url).hasSuffix(
        "401"))
    #expect(try collector.curl("-u", "ann:r34d", collector.url).hasSuffix("200"))
    #expect(try collector.curl("\(collector.url)health") == "ok\n\n200")
    #expect(try collector.stop().status == 0)
  }

  @Test func `a report on its way when the collector is told to end is taken and acknowledged`() throws {
    let collector = try RunningCollector(
      store: store, environment: ["FLOTILLA_COLLECT_TOKEN": RunningCollector.token])
    let spaces = String(repeating: " ", count: 600_000)
    let report =
      #"{"format":"flotilla.report/1","fleet":"late","run":{"finished_at":"2026"},"installations":[]}"#
    let file = try folder.write(spaces + report, to: "report.json")
    let sender = try Program.start(
      [
        "curl", "-s", "--max-time", "20", "--limit-rate", "400k", "-w", "%{http_code}", "--data-binary",
        "@\(file)",
        "-H",
        "Authorization: Bearer \(RunningCollector.token)", "-H", "webhook-id: late-1", collector.url,
      ], in: "/", executable: "/usr/bin/env")
    #expect(waits(20) { collector.uploadsInProgress == 1 })
    let end = try collector.stop()
    #expect(end.status == 0)
    #expect(try Program.finish(sender).output == "received\n200")
    #expect(try ids() == ["late-1"])
  }

  @Test func `senders at the same time are each heard`() throws {
    let collector = try RunningCollector(store: store)
    let url = collector.url
    let script = (1...12).map { "(ID=many-\($0) bash -c \"$SCRIPT\") &" }.joined(separator: "\n") + "\nwait"
    let environment = [
      "SCRIPT": Self.stranger, "SECRET": RunningCollector.secret, "TOKEN": RunningCollector.token,
      "OFFSET": "0",
      "MORE": "X: y", "URL": url,
    ]
    let file = try folder.write(
      #"{"format":"flotilla.report/1","fleet":"many","run":{"finished_at":"2026"},"installations":[]}"#,
      to: "report.json")
    let files = ["FILE": file, "SENT": file]
    let run = try Program.finish(
      Program.start(
        ["-c", script], in: folder.path, environment: environment.merging(files) { $1 },
        executable: "/bin/bash"))
    #expect(run.output.split(separator: "received").count == 12, "\(run.output)")
    _ = try collector.stop()
    #expect(try ids().count == 12)
  }

  @Test(arguments: ["OPTIONS", "GET", "HEAD", "DELETE"])
  func `a body where none belongs is no second request`(method: String) throws {
    let collector = try RunningCollector(store: store)
    let script = """
      import socket, sys
      host, port = sys.argv[1][7:-1].split(":")
      body = b"GET /health HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\\r\\n".ljust(70000)
      with socket.create_connection((host, int(port)), timeout=10) as one:
          head = "%s / HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nContent-Length: %d\\r\\n\\r\\n" % (sys.argv[2], len(body))
          one.sendall(head.encode() + body)
          one.settimeout(2)
          answer = b""
          try:
              while piece := one.recv(65536):
                  answer += piece
          except TimeoutError:
              pass
          print(answer.count(b"HTTP/1.1 "))
      """
    let run = try Program.finish(
      Program.start(["python3", "-c", script, collector.url, method], in: "/", executable: "/usr/bin/env"))
    #expect(run.output == "1\n", "\(run.output)\(run.errors)")
  }

  @Test func `those without a token keep nobody out`() throws {
    let collector = try RunningCollector(
      store: store, environment: ["FLOTILLA_COLLECT_TOKEN": RunningCollector.token])
    let script = """
      import socket, subprocess, sys
      host, port = sys.argv[1][7:-1].split(":")
      idle = [socket.create_connection((host, int(port))) for _ in range(20)]
      for one in idle:
          one.sendall(b"POST / HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n")
      report = '{"format":"flotilla.report/1","fleet":"100% a/b","run":{"finished_at":"2026"},"installations":[]}'
      sys.exit(subprocess.run(["curl", "-s", "--max-time", "10", "--data-binary", report, "-H", "webhook-id: x", "-H",
          "Authorization: Bearer \(RunningCollector.token)", sys.argv[1]]).returncode)
      """
    let run = try Program.finish(
      Program.start(["python3", "-c", script, collector.url], in: "/", executable: "/usr/bin/env"))
    #expect(run.output == "received\n", "\(run.output)\(run.errors)")
    let address = "fleets/100%25%20a%2Fb"
    #expect(try collector.curl(collector.url).contains("<a href=\"/\(address)\">"))
    #expect(try collector.curl("\(collector.url)\(address)").contains("<h1><bdi>100% a/b</bdi></h1>"))
    for path in ["fleets/100%2525%2520a%252Fb", "fleets/%FF", "fleets", "reports/x%2F"] {
      #expect(try collector.curl("\(collector.url)\(path)").hasSuffix("\n404"), "\(path)")
    }
  }

  @Test func `a seventeenth sender is asked to come again, and gets in then`() throws {
    let collector = try RunningCollector(
      store: store, environment: ["FLOTILLA_COLLECT_TOKEN": RunningCollector.token])
    let fleet = try SmallFleet(
      1, extra: "report: { url: \"\(collector.url)\", token: \(RunningCollector.token) }")
    let process = try #require(collector.process)
    let script = """
      head -c 900000 /dev/zero >slow
      for i in $(seq 16); do
        curl -s --max-time 20 --limit-rate 20k -o /dev/null --data-binary @slow -H "webhook-id: slow-$i" \
          -H 'Authorization: Bearer \(RunningCollector.token)' \(collector.url) &
        senders="$senders $!"
      done
      tries=0
      until [ "$(ls -l /proc/\(process)/fd | grep -c 'deleted)$')" = 16 ] || [ $((tries += 1)) = 500 ]; do
        sleep 0.02
      done
      curl -s --max-time 20 -D - --data-binary x -H 'webhook-id: last' \
        -H 'Authorization: Bearer \(RunningCollector.token)' \(collector.url)
      "$FLOTILLA" report --upload 2>said & upload=$!
      until grep -q 'attempt 1 of' said || [ $((tries += 1)) = 2000 ]; do sleep 0.02; done
      kill $senders
      wait $upload; echo "exit $?"
      cat said
      wait
      """
    let run = try Program.shell(script, in: fleet.folder.path)
    #expect(run.output.contains("HTTP/1.1 503"), "\(run.output)\(run.errors)")
    #expect(run.output.contains("Retry-After: 5"), "\(run.output)")
    #expect(run.output.contains("exit 0\n"), "\(run.output)\(run.errors)")
    #expect(run.output.contains("503"), "\(run.output)\(run.errors)")
    _ = try collector.stop()
    #expect(try ids().count == 1)
  }

  @Test(.needs(.mounts))
  func `a collector whose disk is full takes nothing, and everything when there is room again`() throws {
    let fleet = try SmallFleet(3)
    try fleet.configure("report: { url: \"${URL}\", token: t0ken }")
    let run = try SmallMount.run(
      fleet, size: "900k",
      """
      export FLOTILLA_COLLECT_TOKEN=t0ken
      mkfifo address
      timeout --foreground 90 "$FLOTILLA" collect --listen 127.0.0.1:0 --store small/store >address 2>talk &
      read -r _ _ URL <address
      export URL
      cat /dev/zero >small/ballast 2>/dev/null
      "$FLOTILLA" migrate --yes; echo "full: $?"
      ls .flotilla/outbox >waiting
      rm small/ballast
      "$FLOTILLA" report flush; echo "room: $?"
      report=$(cd .flotilla/reports && ls)
      curl -s --max-time 20 "${URL}reports/$report" | cmp - ".flotilla/reports/$report"; echo "same: $?"
      kill $(cat /proc/$!/task/$!/children)
      wait
      cat talk >&2
      """)
    #expect(run.output.contains("full: 6\n"), "\(run.output)\(run.errors)")
    #expect(run.errors.contains("refused with 500"), "\(run.errors)")
    #expect(
      run.output.contains("room: 0\n") && run.output.contains("same: 0\n"), "\(run.output)\(run.errors)")
    let waiting = try String(contentsOfFile: fleet.folder.file("waiting"), encoding: .utf8)
    #expect(waiting.contains("0"), "\(waiting)")
    #expect(!(run.output + run.errors).contains("t0ken"))
  }
}
