extension Schema {
  /// The differences between `actual` and this schema, which is the expected one.
  ///
  /// If a whole table or view is missing or unexpected, the objects that belong to it are not listed separately. If a
  /// column or a table changed, each changed attribute is one difference.
  public func differences(in actual: Schema) -> [Difference] {
    guard fingerprint != actual.fingerprint else { return [] }
    let wholes: Set = [Kind.table, .view]
    let listed = Set(
      Set(objects.keys.filter { wholes.contains($0.kind) }).symmetricDifference(
        actual.objects.keys.filter { wholes.contains($0.kind) }
      ).map(\.name))
    return Set(objects.keys).union(actual.objects.keys).sorted().flatMap { key -> [Difference] in
      let mine = objects[key]
      let theirs = actual.objects[key]
      guard mine?.definition != theirs?.definition, let table = (mine ?? theirs)?.table else { return [] }
      if !wholes.contains(key.kind), listed.contains(table) { return [] }
      return Self.differences(key.kind, mine, theirs)
    }
  }

  private static func differences(_ kind: Kind, _ expected: Object?, _ actual: Object?) -> [Difference] {
    let name = (expected ?? actual)?.name ?? ""
    guard let expected, let actual, !expected.attributes.isEmpty, !actual.attributes.isEmpty else {
      return [
        Difference(
          kind: expected == nil ? .unexpected(kind) : actual == nil ? .missing(kind) : .changed(kind),
          object: name, expected: expected?.definition,
          actual: actual?.definition)
      ]
    }
    return zip(Attribute.of(kind), zip(expected.attributes, actual.attributes)).compactMap {
      attribute, texts in
      guard texts.0 != texts.1 else { return nil }
      return Difference(
        kind: .attributeChanged(attribute), object: name, expected: texts.0, actual: texts.1)
    }
  }

  /// The tables in both schemas whose common columns have a different order in `actual`. The order has no effect in
  /// SQLite, but a program that relies on the order of `SELECT *` depends on it.
  public func layoutDifferences(in actual: Schema) -> [Difference] {
    all(.table).compactMap { table in
      guard let mine = layouts[table.table], let theirs = actual.layouts[table.table] else { return nil }
      let expected = mine.filter { theirs.contains($0) }
      let found = theirs.filter { mine.contains($0) }
      guard expected != found else { return nil }
      return Difference(
        kind: .layout, object: table.name, severity: .info, expected: expected.joined(separator: ", "),
        actual: found.joined(separator: ", "))
    }
  }

  /// Whether the object of a difference is the same here and in `other`: it has the same definition in both, or doesn't
  /// exist in either.
  public func agrees(with other: Schema, on difference: Difference) -> Bool {
    guard let kind = difference.objectKind else { return false }
    return object(kind, difference.object)?.definition == other.object(kind, difference.object)?.definition
  }
}

extension Schema {
  /// The change of one object from one schema to another.
  public struct Change: Hashable, Sendable {
    /// The object's kind and name.
    public let kind: Kind, name: String
    /// The table that the object belongs to, in lower case; for a table, the table itself.
    public let table: String
    /// The definitions in normal form before and after the change; nil if the object doesn't exist.
    public let before: String?, after: String?
  }

  /// The changes from this schema to `other`, including every object of a table that was created or dropped.
  public func changes(to other: Schema) -> [Change] {
    Set(objects.keys).union(other.objects.keys).sorted().compactMap { key in
      let (mine, theirs) = (objects[key], other.objects[key])
      guard mine?.definition != theirs?.definition, let object = theirs ?? mine else { return nil }
      return Change(
        kind: key.kind, name: object.name, table: object.table, before: mine?.definition,
        after: theirs?.definition)
    }
  }
}
