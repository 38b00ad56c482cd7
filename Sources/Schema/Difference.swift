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
  /// What sort of difference.
  public let kind: Kind
  /// The object, such as `refresh_tokens.issued_at`; of a history, the version.
  public let object: String
  /// How bad it is.
  public let severity: Severity
  /// The normal form that should be there, or nil where nothing should.
  public let expected: String?
  /// The normal form that is there, or nil where nothing is.
  public let actual: String?
  /// The migration that it is about, if it is about one.
  public var version: MigrationVersion?

  /// Makes a difference by hand.
  public init(
    kind: Kind, object: String, severity: Severity = .error, expected: String?, actual: String?,
    version: MigrationVersion? = nil
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
    switch kind {
    case .missing(let kind), .unexpected(let kind), .changed(let kind): kind
    case .attributeChanged(let attribute): attribute.kind
    default: nil
    }
  }

  /// Whether it is the summary of all that belongs to one version.
  public var isSummary: Bool { kind == .recordedNotPresent || kind == .presentNotRecorded }
}

extension Difference: CustomStringConvertible {
  /// Kind and object in words: `column refresh_tokens.issued_at is missing`.
  public var description: String {
    switch kind {
    case .missing(let kind): "\(kind.words) \(object) is missing"
    case .unexpected(let kind): "\(kind.words) \(object) is unexpected"
    case .changed(let kind):
      "\(kind.words) \(object) is \(Self.said(actual)) instead of \(Self.said(expected))"
    case .attributeChanged(let attribute): changed(attribute)
    case .historyAhead: "version \(object) is recorded, which these migrations don't have"
    case .historyGap: "version \(object) is not recorded, though a higher one is"
    case .historyOutOfOrder: "version \(object) was recorded \(actual ?? "late")"
    case .migrationRenamed:
      "version \(object) is recorded as \(Self.said(actual)) instead of \(Self.said(expected))"
    case .recordedNotPresent: "version \(object) is recorded, but not there: \(Self.said(expected))"
    case .presentNotRecorded:
      "version \(object) is not recorded, but there: \(Self.said(actual))"
        + (expected.map { "; not there: \($0)" } ?? "")
    case .layout: "table \(object) has its columns in another order"
    case .integrity: "\(object) is damaged: \(Self.said(actual))"
    case .foreignKeyViolations: "\(actual ?? "some") rows refer to nothing: \(object)"
    case .differencesOmitted, .other: "\(kind.rawValue.replacing("_", with: " ")) \(object)"
    }
  }

  private func changed(_ attribute: Attribute) -> String {
    let name = "\(attribute.kind.rawValue) \(object)"
    if attribute == .notNull, actual == nil { return "\(name) is not NOT NULL" }
    if attribute == .notNull, expected == nil { return "\(name) is NOT NULL" }
    return "the \(attribute.words) of \(name) is \(actual ?? "none") instead of \(expected ?? "none")"
  }

  private static func said(_ definition: String?) -> String {
    guard let definition else { return "absent" }
    return definition.isEmpty ? "plain" : definition
  }
}
