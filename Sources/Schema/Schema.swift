internal import Basics
internal import Crypto
internal import SQLite

/// The schema of a database in normal form, so that equivalent schemas are equal.
///
/// ```swift
/// let expected = try Schema(reading: reference)
/// let actual = try Schema(reading: database, ignoring: [IgnoreRule("table store_*")].compactMap(\.self))
/// if expected.fingerprint != actual.fingerprint {
///   for difference in expected.differences(in: actual) { print(difference) }
/// }
/// ```
///
/// The normal form ignores the order of columns, quoting of names, white space, comments, the case of names and
/// keywords, and IF NOT EXISTS. It also ignores SQLite's own tables and statistics, the names of constraints, whether a
/// constraint belongs to its column or to the table, and clauses that state a default of SQLite (DEFAULT NULL, ON
/// CONFLICT ABORT, ASC, FOR EACH ROW, NOT NULL of a rowid).
///
/// See also ``Fingerprint``, ``Difference`` and ``IgnoreRule``.
public struct Schema: Hashable, Sendable {
  /// One element of a schema.
  public struct Object: Hashable, Sendable {
    /// The kind of object.
    public let kind: Kind
    /// The name for people: `users`, `users.id`, `idx_users_name`.
    public let name: String
    /// The table that the object belongs to, in lower case; for a table, the table itself.
    public let table: String
    /// The object's definition in normal form.
    public let definition: String
    /// The attributes of a column or an ordinary table, in the order of `Attribute.of(kind)`; nil for an attribute that
    /// it doesn't have. Empty for other objects.
    let attributes: [String?]
    /// The SQL that created the object: the CREATE statement, or a column's definition within it. It serves to create
    /// the object again and is ignored in comparisons.
    let sql: String

    /// The key that identifies the object within a schema.
    var key: Key { Key(kind: kind, name: name.folded) }

    /// Whether both are equivalent, even if their SQL differs.
    public static func == (one: Object, other: Object) -> Bool {
      one.kind == other.kind && one.name == other.name && one.table == other.table
        && one.definition == other.definition
    }

    /// Consistent with equality.
    public func hash(into hasher: inout Hasher) {
      hasher.combine(key.name)
      hasher.combine(definition)
    }
  }

  /// The kinds of objects in a schema.
  public enum Kind: String, Sendable, CaseIterable, Codable {
    /// A table, with its primary key and options.
    case table
    /// A column, with its type, NOT NULL, default, collation and generation.
    case column
    /// A foreign key, with its actions and deferral.
    case foreignKey = "foreign_key"
    /// A UNIQUE constraint.
    case unique
    /// A CHECK constraint.
    case check
    /// An index created by CREATE INDEX.
    case index
    /// A trigger.
    case trigger
    /// A view.
    case view

    /// The name for people, such as `foreign key`.
    public var words: String { self == .foreignKey ? "foreign key" : rawValue }
  }

  /// The key that identifies an object within a schema.
  struct Key: Hashable, Sendable, Comparable {
    let kind: Kind
    let name: String

    static func < (one: Key, other: Key) -> Bool {
      (one.kind.rawValue, one.name) < (other.kind.rawValue, other.name)
    }
  }

  /// A foreign key as a link between two tables. Their names are in lower case.
  public struct Link: Hashable, Sendable {
    /// The table that has the foreign key.
    public let child: String
    /// The table that the foreign key refers to.
    public let parent: String
  }

  /// An index or a trigger, which is dropped with its table. Its names are in lower case.
  public struct Attachment: Hashable, Sendable {
    /// `.index` or `.trigger`.
    public let kind: Kind
    /// The name of the index or trigger.
    public let name: String
    /// The name of its table.
    public let table: String
  }

  let objects: [Key: Object]
  /// The objects of each kind, sorted by name.
  private let kinds: [Kind: [Object]]
  /// Which tables refer to which.
  public let links: Set<Link>
  /// The SHA-256 of the normal form.
  public let fingerprint: Fingerprint
  /// The columns of each table in their order, in lower case, including ignored ones; empty for a virtual table. This
  /// doesn't count in comparisons.
  let layouts: [String: [String]]
  /// The tables that refer to each table, all in lower case.
  private let children: [String: [String]]
  /// The indexes and triggers of each table, including ignored ones. This doesn't count in comparisons.
  private let attachments: [String: [Attachment]]
  /// How many objects were ignored. Objects that belong to an ignored table are not counted separately.
  public let ignored: Int

  init(
    _ list: [Object], links: Set<Link>, layouts: [String: [String]] = [:], attachments: [Attachment] = [],
    ignored: Int = 0
  ) {
    self.layouts = layouts
    self.attachments = Dictionary(grouping: attachments, by: \.table)
    self.ignored = ignored
    var objects: [Key: Object] = [:]
    for object in list { objects[object.key] = object }
    self.objects = objects
    kinds = Dictionary(grouping: objects.values, by: \.kind).mapValues { $0.sorted { $0.name < $1.name } }
    self.links = links
    children = Dictionary(grouping: links, by: \.parent).mapValues { $0.map(\.child).sorted() }
    var hash = SHA256()
    for key in objects.keys.sorted() {
      guard let object = objects[key] else { continue }
      hash.update(data: Array("\(key.kind.rawValue)\u{0}\(key.name)\u{0}\(object.definition)\n".utf8))
    }
    fingerprint = Fingerprint(Array(hash.finalize()))
  }

  /// Whether both are equivalent, regardless of their layouts and of what was ignored.
  public static func == (one: Schema, other: Schema) -> Bool {
    one.fingerprint == other.fingerprint && one.objects == other.objects && one.links == other.links
  }

  /// Consistent with equality.
  public func hash(into hasher: inout Hasher) { hasher.combine(fingerprint) }

  /// The objects of one kind, sorted by name.
  public func all(_ kind: Kind) -> [Object] { kinds[kind] ?? [] }

  /// The object of that kind and name, regardless of the name's case; nil if there is none.
  public func object(_ kind: Kind, _ name: String) -> Object? {
    objects[Key(kind: kind, name: name.folded)]
  }

  /// The number of objects.
  public var count: Int { objects.count }

  /// The names of each table's columns, by the table's name; all in lower case.
  public var columns: [String: Set<String>] {
    Dictionary(grouping: all(.column), by: \.table).mapValues { columns in
      Set(columns.map { $0.name.dropFirst($0.table.count + 1).folded })
    }
  }

  /// The columns of a table in their order, in lower case, including ignored ones; empty for a virtual table, and nil
  /// if the table doesn't exist.
  public func layout(of table: String) -> [String]? { layouts[table.folded] }

  /// The triggers of a table and its indexes created by CREATE INDEX, including ignored ones.
  public func attachments(of table: String) -> [Attachment] { attachments[table.folded] ?? [] }

  /// The indexes and triggers of all tables.
  public var allAttachments: Set<Attachment> { Set(attachments.values.joined()) }

  /// The objects of one kind that belong to one of `tables` and don't exist in `other`, sorted by name.
  public func missing(_ kind: Kind, of tables: some Collection<String>, in other: Schema) -> [Object] {
    all(kind).filter { tables.contains($0.table) && other.objects[$0.key] == nil }
  }

  /// The tables that have a foreign key to `table`, in lower case.
  public func children(of table: String) -> [String] {
    children[table.folded] ?? []
  }
}

/// A SHA-256 digest, written as `sha256:` and 64 hexadecimal digits.
///
/// ```swift
/// let digest = Fingerprint(of: "CREATE TABLE a (b)".utf8)
/// print(digest.short)
/// Fingerprint(digest.description) == digest  // true
/// ```
///
/// It identifies the normal form of a ``Schema``, and the content of migration files.
public struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
  /// The 32 bytes.
  public let bytes: [UInt8]

  /// Creates a fingerprint from the 32 bytes of a digest.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Computes the digest of these bytes.
  public init(of data: some Sequence<UInt8>) { bytes = Array(SHA256.hash(data: Array(data))) }

  /// Parses the form of `description`; nil for any other text.
  public init?(_ text: String) {
    guard text.hasPrefix("sha256:") else { return nil }
    guard let bytes = text.dropFirst(7).hexBytes, bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  /// The 64 digits without the prefix.
  public var hex: String { bytes.hex }

  /// The first six digits, which are enough for people to distinguish cohorts.
  public var short: String { String(hex.prefix(6)) }

  /// The prefix `sha256:` and the digits.
  public var description: String { "sha256:" + hex }
}
