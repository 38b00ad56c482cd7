internal import Basics
internal import Yams

/// Reads the entries of `installations:`.
extension FleetFileParser {
  private static let shared = ["groups", "labels"]
  private static let single = ["id", "path", "host", "user", "port", "become"]
  private static let entryKeys = single + ["files", "from"] + shared

  func entries(_ top: InventorySection, defaultPath: String?) -> [InstallationEntry] {
    guard let node = top.node("installations") else {
      let code: InventoryError.Code = .emptyFleet
      top.report(
        code, "installations", "the key \"installations\" is missing or empty: the databases of the fleet")
      return []
    }
    guard let list = node.sequence else {
      top.reject("installations", mustBe: "a list of entries such as - { id: hq, path: hq.sqlite }")
      return []
    }
    if list.isEmpty {
      top.report(.emptyFleet, "installations", "\"installations\" is empty: nothing to work on")
    }
    return list.compactMap { entry($0, defaultPath: defaultPath) }
  }

  private func entry(_ node: Node, defaultPath: String?) -> InstallationEntry? {
    let line = InventoryReader.line(of: node)
    guard node.mapping != nil else {
      reader.report(
        .wrongType, line: line,
        "an installation must be a mapping such as { id: hq, path: hq.sqlite }, not \(InventoryReader.quoted(node))"
      )
      return nil
    }
    guard let section = InventorySection(node, name: "", keys: Self.entryKeys, reader: reader) else {
      return nil
    }
    let source: InstallationEntry.Source?
    if section.has("files") {
      source = files(section)
    } else if section.has("from") {
      source = hosts(section)
    } else {
      source = one(section, defaultPath: defaultPath)
    }
    let (groups, labels) = (groups(section), section.mapping("labels") ?? [:])
    guard let source else { return nil }
    return InstallationEntry(
      source: source, groups: groups, labels: labels,
      location: InventoryLocation(file: reader.file, line: section.line))
  }

  private func one(_ section: InventorySection, defaultPath: String?) -> InstallationEntry.Source? {
    section.require("id", "the installation's name in the fleet")
    let id = section.text("id")
    if let id, let problem = InventoryRules.problem(id: id) { section.report(.invalidID, "id", problem) }
    let host = section.text("host")
    check("host", host, in: section)
    let user = section.text("user")
    check("user", user, in: section)
    if !section.has("host") {
      for key in ["user", "port", "become"] where section.has(key) {
        section.report(.missingKey, key, "\"\(key)\" needs a \"host\"")
      }
    }
    let port = section.number("port", in: 1...65_535)
    let become = become(section)
    let fallback = section.has("host") ? defaultPath : nil
    if fallback == nil { section.require("path", "the database file") }
    let path = section.has("host") ? section.text("path") : section.path("path")
    guard let id, let path = section.has("path") ? path : fallback else { return nil }
    let machine = host.map { Machine.remote(Host($0, user: user, port: port, become: become)) }
    return .one(.init(id: id, path: path, machine: machine ?? .local))
  }

  /// `become: true` for root, or the name of a user.
  private func become(_ section: InventorySection) -> String? {
    guard let text = section.text("become") else { return nil }
    switch text.lowercased() {
    case "true", "yes": return "root"
    case "false", "no": return nil
    default:
      check("become", text, in: section)
      return text
    }
  }

  private func check(_ key: String, _ word: String?, in section: InventorySection) {
    guard let word, let problem = InventoryRules.problem(key, word) else { return }
    section.report(.invalidValue, key, problem)
  }

  private func files(_ section: InventorySection) -> InstallationEntry.Source? {
    refuse(Self.single.filter { $0 != "id" } + ["from"], besides: "files", in: section)
    let id = section.has("id") ? idPattern(section) : nil
    guard let written = section.text("files"), section.path("files") != nil else { return nil }
    let folder = FilePattern.escaped(reader.folder)
    do {
      let pattern = try FilePattern(written.hasPrefix("/") ? written : "\(folder)/\(written)")
      return .files(
        .init(pattern: pattern, written: written, id: id ?? IDPattern(defaultFor: pattern)))
    } catch {
      section.report(.invalidValue, "files", "\"files\": \(Self.message(error))")
      return nil
    }
  }

  private static func message(_ mistake: FilePattern.Mistake) -> String {
    switch mistake {
    case .foldersInName: "\"**\" must stand alone between slashes, as in actors/**/store.sqlite"
    case .parentAfterWildcard: "\"..\" can't follow a wildcard"
    case .brackets:
      "a \"[\" that is not closed, a range that runs backwards, or a \"\\\" at the end; \"\\[\" means a bracket"
    case .characterClass: "classes such as [[:digit:]] are unknown; write [0-9]"
    case .folder: "the pattern ends with a slash, so it would match folders; end it with the files' names"
    }
  }

  private func idPattern(_ section: InventorySection) -> IDPattern? {
    // `id: {parent}` without quotes is a mapping in YAML.
    if let mapping = section.node("id")?.mapping, mapping.count == 1,
      let word = mapping.keys.first?.scalar?.string
    {
      section.report(
        .wrongType, "id", "\"id\" must be a text, not a mapping; put it in quotes",
        suggestion: "id: '{\(word)}'")
      return nil
    }
    guard let text = section.text("id") else { return nil }
    do {
      return try IDPattern(text)
    } catch {
      section.report(.invalidValue, "id", "\"id\": \(error.message)", suggestion: error.suggestion)
      return nil
    }
  }

  private func hosts(_ section: InventorySection) -> InstallationEntry.Source? {
    refuse(Self.single + ["files"], besides: "from", in: section)
    guard let written = section.text("from"), let path = section.path("from") else { return nil }
    return .hosts(path: path, written: written)
  }

  private func refuse(_ keys: [String], besides key: String, in section: InventorySection) {
    for other in keys where section.has(other) {
      section.report(.invalidValue, other, "\"\(other)\" does not go with \"\(key)\" in one entry")
    }
  }
}
