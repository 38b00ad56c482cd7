internal import Fleet
internal import Schema
internal import Upgrade

/// The figures of a report for the whole fleet: its header, and what one pass over its installations adds.
package struct Overview {
  /// Why installations failed, were unreachable or were skipped, with the ids of some of them.
  struct Cause {
    let status: Status
    /// The failure that they have in common, without the names of hosts and paths.
    let common: Failure
    /// The failure of the first of them.
    let first: Failure
    var count = 0
    /// The ids of the first of them, in the order of the inventory.
    var ids: [String] = []

    /// The failure to show: with a single installation, its own with all details.
    var failure: Failure { count == 1 ? first : common }
  }

  /// A version, and how many installations are on it.
  struct Version {
    /// The number, `untracked` or `unknown`.
    let name: String
    let count: Int
    let isLatest: Bool
  }

  private struct Key: Hashable {
    let status: Status
    let failure: Failure
  }

  /// How many ids of each cause, and how many causes are kept, so that memory is bounded whatever the size of the
  /// fleet.
  static let idLimit = 50, causeLimit = 200

  let header: ReportHeader
  /// The address of the full report's page; empty if this is that page.
  package var address = ""
  /// The causes, most serious first, then most frequent first.
  private(set) var causes: [Cause] = []
  private var places: [Key: Int] = [:]

  /// Creates an overview from the header alone.
  init(header: ReportHeader) { self.header = header }

  /// Reads the header and every installation once. `body` is called with each installation.
  init(_ content: ReportContent, also body: (ReportedInstallation) -> Void) throws {
    header = try content.readHeader()
    try content.forEachInstallation { installation in
      add(installation)
      body(installation)
    }
    let order = causes.indices.sorted { Self.isBefore(causes[$0], causes[$1]) }
    causes = order.map { causes[$0] }
    places = Dictionary(
      uniqueKeysWithValues: causes.enumerated().map { (Key(status: $1.status, failure: $1.common), $0) })
  }

  private static func isBefore(_ one: Cause, _ other: Cause) -> Bool {
    let ranks: [Status: Int] = [.failed: 0, .unreachable: 1]
    let (first, second) = (ranks[one.status] ?? 2, ranks[other.status] ?? 2)
    return (first, -one.count, one.ids.first ?? "") < (second, -other.count, other.ids.first ?? "")
  }

  private mutating func add(_ installation: ReportedInstallation) {
    guard let failure = installation.error else { return }
    var key = Self.key(installation, failure)
    if places[key] == nil, causes.count >= Self.causeLimit { key = Self.general(key) }
    if places[key] == nil, causes.count >= 2 * Self.causeLimit { key = Self.rest(key) }
    let place = places[key] ?? causes.count
    if place == causes.count {
      places[key] = place
      causes.append(Cause(status: key.status, common: key.failure, first: failure))
    }
    causes[place].count += 1
    if causes[place].ids.count < Self.idLimit { causes[place].ids.append(installation.id) }
  }

  /// The key of a cause. A failure with the same reason on many hosts is one cause, so host names and paths are
  /// masked.
  private static func key(_ installation: ReportedInstallation, _ failure: Failure) -> Key {
    var message = failure.message
    if let host = installation.host, host.count > 2 { message = message.replacing(host, with: "‹host›") }
    if installation.path.count > 2 { message = message.replacing(installation.path, with: "‹path›") }
    return Key(status: installation.status, failure: failure.saying(message))
  }

  /// The key for all further causes with the same code.
  private static func general(_ key: Key) -> Key {
    let failure = Failure(code: key.failure.code, step: key.failure.step, message: "and other reasons")
    return Key(status: key.status, failure: failure)
  }

  /// The key for everything else.
  private static func rest(_ key: Key) -> Key {
    let failure = Failure(code: .other, step: .open, message: "and other reasons")
    return Key(status: key.status, failure: failure)
  }

  /// The approximate memory in bytes, without some of the ids.
  package var size: Int {
    causes.reduce(header.cohorts.reduce(0) { $0 + 200 * (1 + $1.drift.count) }) {
      $0 + $1.common.size + $1.first.size
    } + byVersion.count * 50
  }

  /// Reads a report whose page is at `address`.
  package init(_ content: ReportContent, at address: String) throws {
    try self.init(content) { _ in }
    self.address = address
  }

  /// A link to the table of installations with a filter set.
  func link(to name: String, _ value: String, _ text: Markup) -> Markup {
    address.isEmpty
      ? "<a href=\"#installations\" data-filter=\"\(name)\" data-value=\"\(value)\">\(text)</a>"
      : "<a href=\"\(address)?\(name)=\(value.asAddressPart)#installations\">\(text)</a>"
  }

  /// The class of a link that needs the script if it points into its own page.
  var jump: Markup { address.isEmpty ? "jump with-script" : "jump" }

  /// The position of an installation's cause in `causes`; nil if it has no error.
  func cause(of installation: ReportedInstallation) -> Int? {
    guard let failure = installation.error else { return nil }
    let key = Self.key(installation, failure)
    return places[key] ?? places[Self.general(key)] ?? places[Self.rest(key)]
  }

  // MARK: Figures

  var total: Int { count("installations") }
  var drifted: Int { count("drifted") }
  func count(_ status: Status) -> Int { count(status.rawValue) }

  private func count(_ name: String) -> Int {
    if case .count(let count) = header.summary[name] { count } else { 0 }
  }

  var latest: String { header.migrations.latest.description }

  private var byVersion: [String: Int] {
    if case .byVersion(let counts) = header.summary["by_version"] { counts } else { [:] }
  }

  var onLatest: Int { byVersion[latest] ?? 0 }

  /// The version that a group of installations is named after; nil for `untracked` and the like.
  static func recorded(_ name: String) -> MigrationVersion? {
    ["untracked", "unknown", "others"].contains(name) ? nil : MigrationVersion(name)
  }

  /// The versions, newest first, then untracked, then unknown.
  var versions: [Version] {
    let known = byVersion.sorted { one, other in
      (Self.recorded(one.key) ?? -1, one.key) > (Self.recorded(other.key) ?? -1, other.key)
    }
    let unknown = total - known.map(\.value).reduce(0, +)
    return known.map { Version(name: $0.key, count: $0.value, isLatest: $0.key == latest) }
      + (unknown > 0 ? [Version(name: "unknown", count: unknown, isLatest: false)] : [])
  }

  /// The points of earlier runs, plus this run's if it covers the whole fleet and wasn't interrupted.
  func points(_ past: ReportContent.Past) -> [FleetPoint] {
    guard header.run.only == nil, header.run.result != "interrupted" else { return past.points }
    let now = FleetPoint(
      run: header.run.id, date: header.run.finishedAt, installations: total, byVersion: byVersion)
    return past.points + [now]
  }

  /// `22 of 24 on version 9`
  var headline: String {
    "\(Numbers.grouped(onLatest)) of \(Numbers.grouped(total)) on version \(latest)"
  }
}

extension Failure {
  /// The approximate memory of its texts, in bytes.
  fileprivate var size: Int { files.reduce(message.utf8.count) { $0 + 16 + $1.utf8.count } }
}
