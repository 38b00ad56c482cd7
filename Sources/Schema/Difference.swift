/// One difference between a database and its expected schema, history or data.
///
/// ```swift
/// for difference in expected.differences(in: actual) {
///   print("\(difference.severity): \(difference)")  // error: column users.email is missing
/// }
/// ```
///
/// ``Schema/differences(in:)`` finds differences of objects. The property `kind` distinguishes three groups:
/// - Differences of one *object* of the schema: `…_missing`, `…_unexpected`, `…_changed`. If a migration explains the
///   difference, because the database records it but lacks its work or the reverse, `version` names that migration.
/// - Differences of the *history*: `history_…`, `migration_renamed`, `migration_changed`, and the two summaries `recorded_not_present` and
///   `present_not_recorded`. There is one summary for each version that is named by differences of objects. Its
///   `actual` lists the parts of the migration that are present, and its `expected` those that are missing. A list of
///   differences can be grouped by `version` and leave out the objects, since the summary names each of them.
/// - `layout`, with severity `info`, and problems in the data: `integrity`, `foreign_key_violations`.
public struct Difference: Hashable, Sendable, Codable {
  /// The kind of difference.
  public let kind: Kind
  /// The object, such as `refresh_tokens.issued_at`; for a history, the version.
  public let object: String
  /// How serious the difference is.
  public let severity: Severity
  /// The expected normal form; nil if nothing is expected.
  public let expected: String?
  /// The actual normal form; nil if nothing exists.
  public let actual: String?
  /// The migration that the difference concerns; nil if it concerns none.
  public var version: MigrationVersion?

  /// Creates a difference.
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

  /// Encodes `expected` and `actual` as null if they are nil; leaves out `version`.
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

  /// The kind of object that the difference is about; nil if it is about the history, the layout or the data.
  public var objectKind: Schema.Kind? {
    switch kind {
    case .missing(let kind), .unexpected(let kind), .changed(let kind): kind
    case .attributeChanged(let attribute): attribute.kind
    default: nil
    }
  }

  /// Whether the difference summarizes everything that belongs to one version.
  public var isSummary: Bool { kind == .recordedNotPresent || kind == .presentNotRecorded }
}

extension Difference: CustomStringConvertible {
  /// The kind and the object in words: `column refresh_tokens.issued_at is missing`.
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
    case .migrationRenamed where actual?.isEmpty ?? true:
      "version \(object) is recorded without a name instead of as \(Self.said(expected))"
    case .migrationRenamed:
      "version \(object) is recorded as \(Self.said(actual)) instead of \(Self.said(expected))"
    case .migrationChanged:
      "version \(object) was applied from \(actual ?? "another file"), not from \(expected ?? "this")"
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
