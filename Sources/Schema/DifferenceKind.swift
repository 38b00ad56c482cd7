extension Difference {
  /// How bad a difference is.
  public enum Severity: String, Hashable, Sendable, Codable {
    /// The database is not what it should be.
    case error
    /// It works as it should, but something happened that nobody meant.
    case warning
    /// It means nothing to SQLite.
    case info
  }

  /// What sort of difference.
  ///
  /// JSON has it as a word, such as `column_missing` or `index_unexpected`.
  public enum Kind: Hashable, Sendable {
    /// An object that should be there is not.
    case missing(Schema.Kind)
    /// An object is there that should not be.
    case unexpected(Schema.Kind)
    /// An object is there, and is another one than it should be.
    case changed(Schema.Kind)
    /// One piece of a column or a table is another one than it should be.
    case attributeChanged(Attribute)
    /// A version is recorded that the migrations don't have.
    case historyAhead
    /// A version is not recorded, though a higher one is.
    case historyGap
    /// A version was recorded after a higher one.
    case historyOutOfOrder
    /// A version is recorded under another name than that of its file.
    case migrationRenamed
    /// What a recorded version makes is not there.
    case recordedNotPresent
    /// What a version makes is there, and the version is not recorded.
    case presentNotRecorded
    /// A table has its columns in another order.
    case layout
    /// SQLite's integrity check found damage.
    case integrity
    /// Rows refer to nothing.
    case foreignKeyViolations
    /// Stands for differences that were left out, as there were too many.
    case differencesOmitted
    /// One that this version doesn't know, from a report or a host of another version.
    case other(String)
  }
}

extension Difference.Kind: RawRepresentable, Codable {
  /// All but `other`.
  static let known: [Difference.Kind] =
    Schema.Kind.allCases.flatMap { [.missing($0), .unexpected($0), .changed($0)] }
    + Attribute.allCases.map { .attributeChanged($0) } + [
      .historyAhead, .historyGap, .historyOutOfOrder, .migrationRenamed, .recordedNotPresent,
      .presentNotRecorded, .layout, .integrity, .foreignKeyViolations, .differencesOmitted,
    ]

  private static let byWord = Dictionary(uniqueKeysWithValues: known.map { ($0.rawValue, $0) })

  /// The kind with this word in JSON.
  public init(rawValue: String) { self = Self.byWord[rawValue] ?? .other(rawValue) }

  /// Its word in JSON.
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
  /// Its word in JSON.
  public var description: String { rawValue }
}

extension Difference.Severity: CustomStringConvertible {
  /// Its word in JSON.
  public var description: String { rawValue }
}
