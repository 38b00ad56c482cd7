/// A host of an Ansible inventory, with the variables that it gets from its groups.
struct AnsibleHost: Equatable {
  let name: String
  /// All groups that contain the host, directly or through other groups; sorted, without `all` and `ungrouped`.
  let groups: [String]
  /// The host's variables, merged with those of its groups.
  let variables: AnsibleInventory.Variables
}

extension AnsibleInventory {
  /// The hosts, sorted by name.
  ///
  /// The precedence is Ansible's: a host's variables override those of its groups, and a group's variables override
  /// those of its parent groups. Of two groups at the same depth, the one later in the alphabet wins.
  func hosts() -> [AnsibleHost] {
    let ancestors = ancestors()
    let depths = depths()
    let order = groups.keys.sorted { (depths[$0, default: 0], $0) < (depths[$1, default: 0], $1) }
    let ranks = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($0.element, $0.offset) })

    var memberships: [String: Set<String>] = [:]
    for (name, group) in groups {
      let names = ancestors[name, default: []].union([name])
      for host in group.hosts { memberships[host, default: []].formUnion(names) }
    }
    for host in hostVariables.keys where memberships[host] == nil { memberships[host] = [] }

    return memberships.keys.sorted().map { host in
      let names = memberships[host, default: []].union(groups["all"] == nil ? [] : ["all"])
      var variables = Variables()
      for name in names.sorted(by: { ranks[$0, default: 0] < ranks[$1, default: 0] }) {
        if let more = groups[name]?.variables { variables.override(with: more) }
      }
      if let own = hostVariables[host] { variables.override(with: own) }
      let shown = names.subtracting(["all", "ungrouped"]).sorted()
      return AnsibleHost(name: host, groups: shown, variables: variables)
    }
  }

  /// For each group, the groups that contain it, directly or indirectly. Cycles are tolerated.
  private func ancestors() -> [String: Set<String>] {
    var parents: [String: [String]] = [:]
    for (name, group) in groups {
      for child in group.children { parents[child, default: []].append(name) }
    }
    var result: [String: Set<String>] = [:]
    for name in groups.keys {
      var (found, open) = (Set<String>(), parents[name, default: []])
      while let parent = open.popLast() {
        if found.insert(parent).inserted { open += parents[parent, default: []] }
      }
      result[name] = found
    }
    return result
  }

  /// The depth of each group below the groups that no other group contains.
  private func depths() -> [String: Int] {
    var depths: [String: Int] = [:]
    var level = Set(groups.keys).subtracting(groups.values.flatMap(\.children))
    var depth = 0
    // Without a cycle, no path is longer than the number of groups.
    while !level.isEmpty, depth <= groups.count {
      for name in level { depths[name] = depth }
      level = Set(level.flatMap { groups[$0]?.children ?? [] })
      depth += 1
    }
    return depths
  }
}
