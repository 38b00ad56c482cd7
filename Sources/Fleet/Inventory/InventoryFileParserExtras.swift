internal import Basics
internal import Schema
internal import Upgrade

/// The sections about what surrounds a migration: hooks, reports, drift and SSH.
extension FleetFileParser {
  func hooks(_ top: InventorySection) -> Hooks {
    guard let section = top.section("hooks", keys: ["before", "after"]) else { return Hooks() }
    return Hooks(before: program(section, "before"), after: program(section, "after"))
  }

  /// An argument vector. A program without a slash is looked up in PATH; a path is relative to the folder of the
  /// fleet file, like all paths in it.
  func program(_ section: InventorySection, _ key: String) -> [String] {
    guard var words = section.list(key), let name = words.first else { return [] }
    if name.contains("/") { words[0] = absolutePath(name, in: reader.folder) }
    return words
  }

  func report(_ top: InventorySection) -> FleetFile.Report {
    var report = FleetFile.Report()
    let keys = [
      "url", "token", "secret", "token_file", "ca_file", "client_cert", "client_key", "compress", "method",
      "notify",
    ]
    guard let section = top.section("report", keys: keys) else { return report }
    report.url = section.text("url")
    if let url = report.url, !Self.isWebAddress(url) {
      // The value isn't quoted: an address can contain a password.
      section.report(.invalidValue, "url", "\"report.url\" must begin with https:// or http://")
    }
    report.token = section.secret("token")
    report.tokenFile = section.path("token_file")
    if section.has("token"), section.has("token_file") {
      section.report(
        .invalidValue, "token_file", "\"report.token\" and \"report.token_file\" exclude each other")
    }
    report.secrets = section.secrets("secret")
    report.caFile = section.path("ca_file")
    report.clientCertificate = section.path("client_cert")
    report.clientKey = section.path("client_key")
    if section.has("client_key"), !section.has("client_cert") {
      section.report(.invalidValue, "client_key", "\"report.client_key\" needs \"report.client_cert\"")
    }
    report.compression =
      section.value("compress", mustBe: "auto, true, false or never") {
        FleetFile.Report.Compression(written: $0)
      }
      ?? report.compression
    report.method = section.choice("method", of: HTTPMethod.self) ?? report.method
    report.notify = section.secrets("notify")
    if !report.notify.allSatisfy({ Self.isWebAddress($0.revealedValue) }) {
      section.report(.invalidValue, "notify", "\"report.notify\" must begin with https:// or http://")
    }
    return report
  }

  private static func isWebAddress(_ text: String) -> Bool {
    text.hasPrefix("https://") || text.hasPrefix("http://")
  }

  func drift(_ top: InventorySection) -> FleetFile.Drift {
    guard let section = top.section("drift", keys: ["ignore"]) else { return FleetFile.Drift() }
    return FleetFile.Drift(ignore: (section.texts("ignore") ?? []).compactMap(ignoreRule))
  }

  private func ignoreRule(_ text: String, line: Int) -> IgnoreRule? {
    let words = text.split(separator: " ", maxSplits: 1).map(String.init)
    let kinds = [Schema.Kind.table, .index, .trigger, .view, .column].map(\.rawValue)
    guard let kind = words.first, kinds.contains(kind), words.count == 2 else {
      reader.report(
        .invalidValue, line: line,
        "\"drift.ignore\": \"\(text)\" must be one of \(kinds.joined(separator: ", ")) and a name",
        suggestion: words.first.flatMap { Suggestion.nearest(to: $0, in: kinds) })
      return nil
    }
    guard kind != Schema.Kind.column.rawValue || words[1].split(separator: ".").count == 2 else {
      reader.report(
        .invalidValue, line: line, "\"drift.ignore\": \"\(text)\" must name a column as TABLE.COLUMN")
      return nil
    }
    guard let rule = IgnoreRule(text) else {
      reader.report(
        .invalidValue, line: line,
        "\"drift.ignore\": \"\(text)\" has a [ that is not closed, or a range that runs backwards")
      return nil
    }
    return rule
  }

  func ssh(_ top: InventorySection) -> FleetFile.SSH {
    var ssh = FleetFile.SSH()
    let keys = ["host_key", "agent", "agent_folder", "connect_timeout", "options"]
    guard let section = top.section("ssh", keys: keys) else { return ssh }
    ssh.hostKey = section.choice("host_key", of: FleetFile.SSH.HostKey.self) ?? ssh.hostKey
    ssh.agent = section.text("agent")
    if let agent = ssh.agent, !agent.hasPrefix("/") {
      section.reject("agent", mustBe: "an absolute path on the hosts")
    }
    ssh.agentFolder = section.text("agent_folder")
    if let folder = ssh.agentFolder, !folder.hasPrefix("/"), !folder.hasPrefix("~/") {
      section.reject("agent_folder", mustBe: "an absolute path on the hosts, or one that begins with ~/")
    }
    if section.has("agent"), section.has("agent_folder") {
      section.report(
        .invalidValue, "agent_folder",
        "\"ssh.agent\" and \"ssh.agent_folder\" exclude each other: where an agent is installed, none is sent"
      )
    }
    ssh.connectTimeout = section.duration("connect_timeout") ?? ssh.connectTimeout
    if ssh.connectTimeout < .seconds(1) { section.reject("connect_timeout", mustBe: "a second at least") }
    ssh.options = section.list("options") ?? []
    return ssh
  }
}
