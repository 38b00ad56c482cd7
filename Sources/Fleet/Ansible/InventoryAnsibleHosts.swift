/// A host as an Ansible inventory describes it, with what its groups give it.
struct AnsibleHost: Equatable {
  let name: String
  /// All groups it is in, also through groups of groups, sorted; without `all` and `ungrouped`.
  let groups: [String]
  /// Its variables, with those of its groups.
  let variables: AnsibleInventory.Variables
}

extension AnsibleInventory {
  /// The hosts, sorted by name.
  ///
  /// A variable of a host counts more than one of a group, and one of a group more than one of the group around it;
  /// of two groups equally deep the later in the alphabet counts more, all as Ansible has it.
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

  /// For each group, the groups around it. A group that contains itself is let be.
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

  /// How deep each group lies below those that lie in no other.
  private func depths() -> [String: Int] {
    var depths: [String: Int] = [:]
    var level = Set(groups.keys).subtracting(groups.values.flatMap(\.children))
    var depth = 0
    // Without a circle no path is longer than there are groups.
    while !level.isEmpty, depth <= groups.count {
      for name in level { depths[name] = depth }
      level = Set(level.flatMap { groups[$0]?.children ?? [] })
      depth += 1
    }
    return depths
  }
}
