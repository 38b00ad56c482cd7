extension Difference {
  /// How serious a difference is.
  public enum Severity: String, Hashable, Sendable, Codable {
    /// The database isn't as expected.
    case error
    /// The database works as expected, but something unintended has happened.
    case warning
    /// The difference has no effect in SQLite.
    case info
  }

  /// The kind of a difference.
  ///
  /// In JSON, it is a word such as `column_missing` or `index_unexpected`.
  public enum Kind: Hashable, Sendable {
    /// An expected object doesn't exist.
    case missing(Schema.Kind)
    /// An object exists that isn't expected.
    case unexpected(Schema.Kind)
    /// An object exists, but differs from the expected one.
    case changed(Schema.Kind)
    /// One attribute of a column or a table differs from the expected one.
    case attributeChanged(Attribute)
    /// A version is recorded that the migrations don't have.
    case historyAhead
    /// A version is not recorded, though a higher one is.
    case historyGap
    /// A version was recorded after a higher one.
    case historyOutOfOrder
    /// A version is recorded under a name that isn't its file's name.
    case migrationRenamed
    /// The checksum that a version is recorded with isn't that of its file.
    case migrationChanged
    /// A recorded version's work is missing.
    case recordedNotPresent
    /// An unrecorded version's work is present.
    case presentNotRecorded
    /// A table has its columns in a different order.
    case layout
    /// SQLite's integrity check found damage.
    case integrity
    /// Rows refer to rows that don't exist.
    case foreignKeyViolations
    /// Represents differences that were left out because there were too many.
    case differencesOmitted
    /// A kind that this version doesn't know, from a report or a host of another version.
    case other(String)
  }
}

extension Difference.Kind: RawRepresentable, Codable {
  /// All kinds except `other`.
  static let known: [Difference.Kind] =
    Schema.Kind.allCases.flatMap { [.missing($0), .unexpected($0), .changed($0)] }
    + Attribute.allCases.map { .attributeChanged($0) } + [
      .historyAhead, .historyGap, .historyOutOfOrder, .migrationRenamed, .migrationChanged,
      .recordedNotPresent, .presentNotRecorded, .layout, .integrity, .foreignKeyViolations,
      .differencesOmitted,
    ]

  private static let byWord = Dictionary(uniqueKeysWithValues: known.map { ($0.rawValue, $0) })

  /// Creates the kind with this word in JSON.
  public init(rawValue: String) { self = Self.byWord[rawValue] ?? .other(rawValue) }

  /// The word in JSON.
  public var rawValue: String {
    switch self {
    case .missing(let kind): "\(kind.rawValue)_missing"
    case .unexpected(let kind): "\(kind.rawValue)_unexpected"
    case .changed(let kind): "\(kind.rawValue)_changed"
    case .attributeChanged(let attribute): "\(attribute.rawValue)_changed"
    case .historyAhead: "history_ahead"
    case .historyGap: "history_gap"
    case .historyOutOfOrder: "history_out_of_order"
    case .migrationRenamed: "migration_renamed"
    case .migrationChanged: "migration_changed"
    case .recordedNotPresent: "recorded_not_present"
    case .presentNotRecorded: "present_not_recorded"
    case .layout: "layout"
    case .integrity: "integrity"
    case .foreignKeyViolations: "foreign_key_violations"
    case .differencesOmitted: "differences_omitted"
    case .other(let word): word
    }
  }
}

extension Difference.Kind: CustomStringConvertible {
  /// The word in JSON.
  public var description: String { rawValue }
}

extension Difference.Severity: CustomStringConvertible {
  /// The word in JSON.
  public var description: String { rawValue }
}
