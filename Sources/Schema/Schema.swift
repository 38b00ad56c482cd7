internal import Basics
internal import Crypto
internal import SQLite

/// What a database looks like, in a normal form: two schemas that mean the same are equal.
///
/// Column order, quoting of names, white space, comments, the case of names and keywords, and IF NOT EXISTS don't
/// count; neither do SQLite's own tables and statistics, the names of constraints, whether a constraint stands with
/// its column or with the table, and clauses that say what SQLite does anyway (DEFAULT NULL, ON CONFLICT ABORT, ASC,
/// FOR EACH ROW, NOT NULL of a rowid).
public struct Schema: Hashable, Sendable {
  /// One thing that a schema consists of.
  public struct Object: Hashable, Sendable {
    /// What sort of thing it is.
    public let kind: Kind
    /// Its name for people: `users`, `users.id`, `idx_users_name`.
    public let name: String
    /// The table that it belongs to, in lower case; for a table itself, that table.
    public let table: String
    /// What it is, in normal form.
    public let definition: String
    /// What a column or an ordinary table is, piece by piece, in the order of `Attribute.of(kind)`; nil for a piece
    /// that it doesn't have. Empty for other objects.
    let attributes: [String?]
    /// The text that made it: the CREATE statement, or a column's definition within one. It tells how to make the
    /// object anew and is no part of what the object is.
    let sql: String

    /// What identifies it within a schema.
    var key: Key { Key(kind: kind, name: name.folded) }

    /// Whether both are the same thing with the same meaning, whatever their texts.
    public static func == (one: Object, other: Object) -> Bool {
      one.kind == other.kind && one.name == other.name && one.table == other.table
        && one.definition == other.definition
    }

    /// Agrees with equality.
    public func hash(into hasher: inout Hasher) {
      hasher.combine(key.name)
      hasher.combine(definition)
    }
  }

  /// The sorts of things that a schema consists of.
  public enum Kind: String, Sendable, CaseIterable, Codable {
    /// A table: its primary key and options.
    case table
    /// A column: type, NOT NULL, default, collation, generation.
    case column
    /// A foreign key: its actions and deferral.
    case foreignKey = "foreign_key"
    /// A UNIQUE constraint.
    case unique
    /// A CHECK constraint.
    case check
    /// An index made by CREATE INDEX.
    case index
    /// A trigger.
    case trigger
    /// A view.
    case view

    /// Its name for people, such as `foreign key`.
    public var words: String { self == .foreignKey ? "foreign key" : rawValue }
  }

  /// What identifies an object within a schema.
  struct Key: Hashable, Sendable, Comparable {
    let kind: Kind
    let name: String

    static func < (one: Key, other: Key) -> Bool {
      (one.kind.rawValue, one.name) < (other.kind.rawValue, other.name)
    }
  }

  /// A foreign key as a link between two tables, both in lower case.
  public struct Link: Hashable, Sendable {
    /// The table that refers.
    public let child: String
    /// The table referred to.
    public let parent: String
  }

  /// An index or a trigger, which goes when its table is dropped. Its names are in lower case.
  public struct Attachment: Hashable, Sendable {
    /// `.index` or `.trigger`.
    public let kind: Kind
    /// Its name.
    public let name: String
    /// Its table.
    public let table: String
  }

  let objects: [Key: Object]
  /// The objects of each kind, by name.
  private let kinds: [Kind: [Object]]
  /// Which table refers to which.
  public let links: Set<Link>
  /// SHA-256 of the normal form.
  public let fingerprint: Fingerprint
  /// The columns of each table in their order, in lower case, those included that were left out; empty for a virtual
  /// table. No part of what the schema is.
  let layouts: [String: [String]]
  /// The tables that refer to each table, all in lower case.
  private let children: [String: [String]]
  /// The indexes and triggers of each table, those included that were left out; no part of what the schema is.
  private let attachments: [String: [Attachment]]
  /// How many objects were left out because they don't count; what belongs to a table that was left out is not
  /// counted again.
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

  /// Whether both mean the same, whatever their layout and whatever was left out.
  public static func == (one: Schema, other: Schema) -> Bool {
    one.fingerprint == other.fingerprint && one.objects == other.objects && one.links == other.links
  }

  /// Agrees with equality.
  public func hash(into hasher: inout Hasher) { hasher.combine(fingerprint) }

  /// The objects of one kind, by name.
  public func all(_ kind: Kind) -> [Object] { kinds[kind] ?? [] }

  /// The object of that kind and name, whatever the name's case.
  public func object(_ kind: Kind, _ name: String) -> Object? {
    objects[Key(kind: kind, name: name.folded)]
  }

  /// How many objects it has.
  public var count: Int { objects.count }

  /// The names of each table's columns, by the table's; all in lower case.
  public var columns: [String: Set<String>] {
    Dictionary(grouping: all(.column), by: \.table).mapValues { columns in
      Set(columns.map { $0.name.dropFirst($0.table.count + 1).folded })
    }
  }

  /// The columns of a table in their order, in lower case, also where the table or a column was left out as it doesn't
  /// count; empty for a virtual table, and nil where there is no such table.
  public func layout(of table: String) -> [String]? { layouts[table.folded] }

  /// The indexes made by CREATE INDEX and the triggers of a table, also those that were left out as they don't count.
  public func attachments(of table: String) -> [Attachment] { attachments[table.folded] ?? [] }

  /// All of them, of every table.
  public var allAttachments: Set<Attachment> { Set(attachments.values.joined()) }

  /// The objects of that kind that belong to one of `tables` and are not in `other`, by name.
  public func missing(_ kind: Kind, of tables: some Collection<String>, in other: Schema) -> [Object] {
    all(kind).filter { tables.contains($0.table) && other.objects[$0.key] == nil }
  }

  /// The tables that refer to `table`, in lower case.
  public func children(of table: String) -> [String] {
    children[table.folded] ?? []
  }
}

/// A SHA-256 digest, shown as `sha256:` and 64 hexadecimal digits.
public struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
  /// The 32 bytes.
  public let bytes: [UInt8]

  /// Wraps a digest.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The digest of these bytes.
  public init(of data: some Sequence<UInt8>) { bytes = Array(SHA256.hash(data: Array(data))) }

  /// Reads what `description` wrote.
  public init?(_ text: String) {
    guard text.hasPrefix("sha256:") else { return nil }
    guard let bytes = text.dropFirst(7).hexBytes, bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  /// The digits alone.
  public var hex: String { bytes.hex }

  /// The first six digits, enough for people to tell cohorts apart.
  public var short: String { String(hex.prefix(6)) }

  /// `sha256:` and the digits.
  public var description: String { "sha256:" + hex }
}
