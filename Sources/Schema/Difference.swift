/// One way in which a database differs from what it should look like.
///
/// Differences come in three sorts, told apart by `kind`:
/// - of one *object* of the schema: `…_missing`, `…_unexpected`, `…_changed`. Where it is what one migration did or
///   left undone, against what the database records, `version` names that migration.
/// - of the *history*: `history_…`, `migration_renamed`, and the two summaries `recorded_not_present` and
///   `present_not_recorded`. There is one summary for each version that differences of objects name; it says in
///   `actual` what of the migration is there, in `expected` what of it isn't. Who shows a list may group it by
///   `version` and leave the objects under their summary out: the summary names each of them.
/// - `layout`, at severity `info`, and what is wrong with the data: `integrity`, `foreign_key_violations`.
public struct Difference: Hashable, Sendable, Codable {
  /// What sort of difference, such as `column_missing` or `index_unexpected`.
  public let kind: String
  /// The object, such as `refresh_tokens.issued_at`; of a history, the version.
  public let object: String
  /// How bad it is: `error`, `warning` or `info`.
  public let severity: String
  /// The normal form that should be there, or nil where nothing should.
  public let expected: String?
  /// The normal form that is there, or nil where nothing is.
  public let actual: String?
  /// The migration that it is about, if it is about one.
  public var version: Int64?

  /// Makes a difference by hand.
  public init(
    kind: String, object: String, severity: String = "error", expected: String?, actual: String?,
    version: Int64? = nil
  ) {
    self.kind = kind
    self.object = object
    self.severity = severity
    self.expected = expected
    self.actual = actual
    self.version = version
  }

  /// `expected` and `actual` are there as null where there is nothing; `version` is left out.
  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(kind, forKey: .kind)
    try fields.encode(object, forKey: .object)
    try fields.encode(severity, forKey: .severity)
    try fields.encode(expected, forKey: .expected)
    try fields.encode(actual, forKey: .actual)
    try fields.encodeIfPresent(version, forKey: .version)
  }

  enum CodingKeys: String, CodingKey { case kind, object, severity, expected, actual, version }

  /// The sort of object that it is about; nil where it is about none: the history, the layout, the data.
  public var objectKind: Schema.Kind? {
    if let attribute { return attribute.kind }
    guard let change = kind.split(separator: "_").last, ["missing", "unexpected", "changed"].contains(change)
    else { return nil }
    return Schema.Kind(rawValue: String(kind.dropLast(change.count + 1)))
  }

  /// Whether it is the summary of all that belongs to one version.
  public var isSummary: Bool { kind == "recorded_not_present" || kind == "present_not_recorded" }

  /// The piece of the object that changed, where it was one.
  var attribute: Attribute? {
    kind.hasSuffix("_changed") ? Attribute(rawValue: String(kind.dropLast("_changed".count))) : nil
  }
}

extension Difference: CustomStringConvertible {
  /// Kind and object in words: `column refresh_tokens.issued_at is missing`.
  public var description: String {
    if let attribute { return changed(attribute) }
    if objectKind == nil { return other }
    let parts = kind.split(separator: "_")
    let thing = parts.dropLast().joined(separator: " ")
    return switch parts.last {
    case "missing": "\(thing) \(object) is missing"
    case "unexpected": "\(thing) \(object) is unexpected"
    default: "\(thing) \(object) is \(Self.said(actual)) instead of \(Self.said(expected))"
    }
  }

  private func changed(_ attribute: Attribute) -> String {
    let name = "\(attribute.kind.rawValue) \(object)"
    if attribute == .notNull, actual == nil { return "\(name) is not NOT NULL" }
    if attribute == .notNull, expected == nil { return "\(name) is NOT NULL" }
    return "the \(attribute.words) of \(name) is \(actual ?? "none") instead of \(expected ?? "none")"
  }

  /// The differences that are about no object.
  private var other: String {
    switch kind {
    case "history_ahead": "version \(object) is recorded, which these migrations don't have"
    case "history_gap": "version \(object) is not recorded, though a higher one is"
    case "history_out_of_order": "version \(object) was recorded \(actual ?? "late")"
    case "migration_renamed":
      "version \(object) is recorded as \(Self.said(actual)) instead of \(Self.said(expected))"
    case "recorded_not_present":
      "version \(object) is recorded, but not there: \(Self.said(expected))"
    case "present_not_recorded":
      "version \(object) is not recorded, but there: \(Self.said(actual))"
        + (expected.map { "; not there: \($0)" } ?? "")
    case "layout": "table \(object) has its columns in another order"
    case "integrity": "\(object) is damaged: \(Self.said(actual))"
    case "foreign_key_violations": "\(actual ?? "some") rows refer to nothing: \(object)"
    default: "\(kind.split(separator: "_").joined(separator: " ")) \(object)"
    }
  }

  private static func said(_ definition: String?) -> String {
    guard let definition else { return "absent" }
    return definition.isEmpty ? "plain" : definition
  }
}
