/// One way in which a database differs from what it should look like.
public struct Difference: Hashable, Sendable, Codable {
  /// What sort of difference, such as `column_missing` or `index_unexpected`.
  public let kind: String
  /// The object, such as `refresh_tokens.issued_at`.
  public let object: String
  /// How bad it is: `error`.
  public let severity: String
  /// The normal form that should be there, or nil where nothing should.
  public let expected: String?
  /// The normal form that is there, or nil where nothing is.
  public let actual: String?

  /// What sort of object it is about, such as `column`.
  public var thing: String { kind.split(separator: "_").dropLast().joined(separator: "_") }

  init(_ expected: Schema.Object?, _ actual: Schema.Object?) {
    let change = expected == nil ? "unexpected" : actual == nil ? "missing" : "changed"
    kind = "\((expected ?? actual)?.kind.rawValue ?? "object")_\(change)"
    object = (expected ?? actual)?.name ?? ""
    severity = "error"
    self.expected = expected?.definition
    self.actual = actual?.definition
  }

  /// Makes a difference by hand.
  public init(kind: String, object: String, severity: String = "error", expected: String?, actual: String?) {
    self.kind = kind
    self.object = object
    self.severity = severity
    self.expected = expected
    self.actual = actual
  }
}

extension Difference: CustomStringConvertible {
  /// Kind and object in words: `column refresh_tokens.issued_at is missing`.
  public var description: String {
    let parts = kind.split(separator: "_")
    let thing = parts.dropLast().joined(separator: " ")
    return switch parts.last {
    case "missing": "\(thing) \(object) is missing"
    case "unexpected": "\(thing) \(object) is unexpected"
    default: "\(thing) \(object) is \(Self.said(actual)) instead of \(Self.said(expected))"
    }
  }

  private static func said(_ definition: String?) -> String {
    guard let definition else { return "absent" }
    return definition.isEmpty ? "plain" : definition
  }
}

extension Schema {
  /// What is different in `actual` from this schema, which is what it should be.
  ///
  /// Where a whole table or view is missing or unexpected, what belongs to it is not listed again.
  public func differences(in actual: Schema) -> [Difference] {
    guard fingerprint != actual.fingerprint else { return [] }
    let wholes: Set = [Kind.table, .view]
    let listed = Set(
      Set(objects.keys.filter { wholes.contains($0.kind) }).symmetricDifference(
        actual.objects.keys.filter { wholes.contains($0.kind) }
      ).map(\.name))
    return Set(objects.keys).union(actual.objects.keys).sorted().compactMap { key in
      let mine = objects[key]
      let theirs = actual.objects[key]
      guard mine?.definition != theirs?.definition, let table = (mine ?? theirs)?.table else { return nil }
      if !wholes.contains(key.kind), listed.contains(table) { return nil }
      return Difference(mine, theirs)
    }
  }

  /// Whether the object that a difference is about is the same here and in `other`: there with the same
  /// definition, or absent, in both.
  public func agrees(with other: Schema, on difference: Difference) -> Bool {
    guard let kind = Kind(rawValue: difference.thing) else { return false }
    return object(kind, difference.object)?.definition == other.object(kind, difference.object)?.definition
  }
}
