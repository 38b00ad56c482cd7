internal import Basics

/// An entry of `installations:` that is to be written.
struct InstallationDraft: Hashable {
  /// What the entry names.
  enum Source: Hashable {
    /// A pattern for files; relative to the folder of the fleet file if the files are in it.
    case files(pattern: String, id: String?)
    /// One database, by its path.
    case one(id: String, path: String)
  }

  let source: Source

  /// The pattern or the path.
  var written: String {
    switch source {
    case .files(let pattern, _): pattern
    case .one(_, let path): path
    }
  }

  /// The same entry with the paths as ids.
  var identifiedByPath: InstallationDraft {
    switch source {
    case .files(let pattern, _): .init(source: .files(pattern: pattern, id: "{path}"))
    case .one(_, let path): .init(source: .one(id: path, path: path))
    }
  }
}

/// Chooses the entries for some databases: as few as possible, which match these databases and no others.
struct InstallationChooser {
  /// The folder of the fleet file.
  let folder: String
  /// Files that a pattern may match too, because they will be reported as no databases.
  let others: Set<String>

  /// The entries for `databases`, which are sorted.
  func entries(for databases: [String]) -> [InstallationDraft] {
    var (entries, rest) = ([InstallationDraft](), [String]())
    let named = Dictionary(grouping: databases, by: fileName)
    for (name, group) in named.sorted(by: { $0.key < $1.key }) {
      if group.count > 1, let entry = nested(group, FilePattern.escaped(name), id: id(for: group)) {
        entries.append(entry)
      } else {
        rest += group
      }
    }
    var single: [String] = []
    for (_, group) in grouped(rest, by: { parentFolder(of: $0) + "/" + Self.ending(of: $0) }) {
      if group.count > 1, let entry = beside(group) { entries.append(entry) } else { single += group }
    }
    for (ending, group) in grouped(single, by: Self.ending) {
      if group.count > 2, let entry = nested(group, "*" + FilePattern.escaped(ending), id: nil) {
        entries.append(entry)
      } else {
        entries += group.map { one($0, among: databases) }
      }
    }
    return entries
  }

  private func grouped(_ paths: [String], by key: (String) -> String) -> [(key: String, value: [String])] {
    Dictionary(grouping: paths.sorted(), by: key).sorted { $0.key < $1.key }
  }

  /// The extension of a file's name with its dot; empty if there is none.
  private static func ending(of path: String) -> String {
    let name = fileName(of: path)
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return "" }
    return String(name[dot...])
  }

  /// `stores/*.sqlite`, if the files have an extension.
  private func beside(_ group: [String]) -> InstallationDraft? {
    let ending = Self.ending(of: group[0])
    guard !ending.isEmpty else { return nil }
    let pattern = join(written(parentFolder(of: group[0])), "*" + FilePattern.escaped(ending))
    return matches(pattern, exactly: group) ? .init(source: .files(pattern: pattern, id: nil)) : nil
  }

  /// `tenants/**/app.sqlite`, or `tenants/*/app.sqlite` if there are other files deeper down.
  private func nested(_ group: [String], _ name: String, id: String?) -> InstallationDraft? {
    var start = parentFolder(of: group[0])
    while !group.allSatisfy({ $0.hasPrefix(start == "/" ? "/" : start + "/") }) {
      start = parentFolder(of: start)
    }
    let depths = Set(group.map { $0.dropFirst(start.utf8.count).split(separator: "/").count - 1 })
    var middles = ["**"]
    if depths.count == 1, let depth = depths.first, depth > 0 {
      middles.append(Array(repeating: "*", count: depth).joined(separator: "/"))
    }
    let patterns = middles.map { join(written(start), "\($0)/\(name)") }
    return patterns.first { matches($0, exactly: group) }.map { .init(source: .files(pattern: $0, id: id)) }
  }

  /// `{parent}` or `{grandparent}` if that distinguishes the files; nil for their paths.
  private func id(for group: [String]) -> String? {
    let parents = group.map { parentFolder(of: $0) }
    // A name must not look as if the files were one installation.
    func isUnique(_ names: [String]) -> Bool { Set(names).count == names.count && !names.contains("") }
    if isUnique(parents.map { fileName(of: $0) }) { return "{parent}" }
    if isUnique(parents.map { fileName(of: parentFolder(of: $0)) }) { return "{grandparent}" }
    return nil
  }

  private func one(_ path: String, among databases: [String]) -> InstallationDraft {
    let name = IDPattern.name(of: path)
    let isUnique = databases.count { IDPattern.name(of: $0) == name } == 1
    let relative = self.relative(path)
    return .init(
      source: .one(id: isUnique ? name : relative, path: relative.hasPrefix("~") ? "./" + relative : relative)
    )
  }

  // MARK: Paths

  private func relative(_ path: String) -> String { FleetFileText.relative(path, to: folder) }

  /// A folder as the beginning of a pattern.
  private func written(_ folder: String) -> String {
    let pattern = FilePattern.escaped(relative(folder))
    return pattern.hasPrefix("~") ? "./" + pattern : pattern
  }

  /// A pattern of two parts. In fleet.yml `${` begins a reference, but `$\{` doesn't.
  private func join(_ folder: String, _ rest: String) -> String {
    let pattern = folder.isEmpty ? rest : folder == "/" ? "/" + rest : "\(folder)/\(rest)"
    return pattern.replacing("${", with: #"$\{"#)
  }

  private func matches(_ pattern: String, exactly group: [String]) -> Bool {
    let whole = pattern.hasPrefix("/") ? pattern : "\(FilePattern.escaped(folder))/\(pattern)"
    guard let parsed = try? FilePattern(whole) else { return false }
    let search = FileSearch(parsed, excluding: absolutePath(".flotilla", in: folder))
    return search.failures.isEmpty && Set(search.paths).subtracting(others) == Set(group)
  }
}
