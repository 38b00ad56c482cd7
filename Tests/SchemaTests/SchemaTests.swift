import Foundation
import SQLite
import TestSupport
import Testing

@testable import Schema

@Suite struct SchemaTests {
  @Test(arguments: [
    "", "sha256:", "sha256:" + String(repeating: "a", count: 63),
    "sha256:" + String(repeating: "a", count: 65),
    "sha256:" + String(repeating: "g", count: 64), "sha256:" + String(repeating: "+1", count: 32),
    "SHA256:" + String(repeating: "a", count: 64), String(repeating: "a", count: 64),
  ])
  func `what is no fingerprint is not read as one`(text: String) { #expect(Fingerprint(text) == nil) }

  @Test func `a fingerprint is read as it was written`() throws {
    let fingerprint = Fingerprint(of: "abc".utf8)
    #expect(fingerprint.description.hasPrefix("sha256:ba7816bf8f01cfea414140de5dae2223"))
    #expect(fingerprint.short == "ba7816")
    #expect(Fingerprint(fingerprint.description) == fingerprint)
    #expect(Fingerprint("sha256:" + fingerprint.hex.uppercased()) == fingerprint)
  }

  @Test(arguments: [
    "", "table", "table ", " ", "tables users", "Table users", "users", "table user[s", "table user[z-a]",
  ])
  func `a rule without a kind or a pattern is none`(text: String) { #expect(IgnoreRule(text) == nil) }

  @Test(arguments: [
    ("table person", ["person"]), ("column person.*", ["active", "boss", "country", "id", "mail", "number"]),
    ("index  person_m* ", ["person_mail"]), ("index [n-pq]erson_[!a-l]*", ["person_mail"]),
    ("index [PQ]ERSON_M*", ["person_mail"]),
    ("trigger *", ["bosses_add", "person_gone"]),
    ("foreign_key person.boss", ["boss"]), ("table nothing", []),
  ])
  func `a rule takes out what it names and nothing else`(text: String, names: [String]) throws {
    let all = try Rich.schema(Rich.sql)
    let rest = try Rich.schema(Rich.sql, ignoring: [try #require(IgnoreRule(text))])
    let gone = all.differences(in: rest)
    #expect(gone.allSatisfy { $0.kind.rawValue.hasSuffix("_missing") })
    let last = gone.map { String($0.object.drop { $0 != "." }.dropFirst()) }
    let whole = gone.map(\.object)
    #expect(last.sorted() == names || whole.sorted() == names)
  }

  @Test func `a rule with brackets is read as it was written`() throws {
    let rule = try #require(IgnoreRule("index [pq]erson_m*"))
    #expect(try JSONDecoder().decode(IgnoreRule.self, from: JSONEncoder().encode(rule)) == rule)
    let broken = Data(#"{"kind":"index","pattern":"[a"}"#.utf8)
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(IgnoreRule.self, from: broken) }
  }

  @Test func `differences are said in words`() {
    let words: [(Difference, String)] = [
      (
        .init(kind: .missing(.foreignKey), object: "a.b", expected: "x", actual: nil),
        "foreign key a.b is missing"
      ),
      (.init(kind: .unexpected(.index), object: "i", expected: nil, actual: "x"), "index i is unexpected"),
      (
        .init(kind: .attributeChanged(.type), object: "a.b", expected: "TEXT", actual: "INT"),
        "the type of column a.b is INT instead of TEXT"
      ),
      (
        .init(kind: .attributeChanged(.primaryKey), object: "a", expected: "PRIMARY KEY (id)", actual: nil),
        "the primary key of table a is none instead of PRIMARY KEY (id)"
      ),
      (
        .init(kind: .attributeChanged(.notNull), object: "a.b", expected: "NOT NULL", actual: nil),
        "column a.b is not NOT NULL"
      ),
      (
        .init(
          kind: .presentNotRecorded, object: "6", expected: "index i", actual: "column a.b", version: 6),
        "version 6 is not recorded, but there: column a.b; not there: index i"
      ),
    ]
    for (difference, text) in words { #expect(difference.description == text) }
  }

  @Test func `a difference is read as it was written, with null for nothing`() throws {
    let missing = Difference(kind: .missing(.index), object: "i", expected: "x", actual: nil)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let text = String(decoding: try encoder.encode(missing), as: UTF8.self)
    #expect(
      text == #"{"actual":null,"expected":"x","kind":"index_missing","object":"i","severity":"error"}"#)
    let gap = Difference(kind: .historyGap, object: "6", expected: "x", actual: nil, version: 6)
    for difference in [missing, gap] {
      let data = try encoder.encode(difference)
      #expect(try JSONDecoder().decode(Difference.self, from: data) == difference)
    }
  }

  @Test func `children are the tables that refer, whatever the case`() throws {
    let schema = try Rich.schema(Rich.sql)
    #expect(schema.children(of: "PERSON") == ["person"])
    #expect(schema.children(of: "country") == ["city"])
    #expect(schema.children(of: "odd name") == [])
    #expect(
      schema.object(.column, "City.NAME")?.definition == "TEXT NOT NULL DEFAULT 'Nowhere' COLLATE nocase")
  }

  @Test func `what a constraint does is found whatever its columns are called`() throws {
    let schema = try Rich.schema(
      "CREATE TABLE t (\"a b\", \"c,d\" UNIQUE ON CONFLICT FAIL, UNIQUE ([A B], `c,d`) ON CONFLICT IGNORE)")
    #expect(
      schema.all(.unique).map(\.definition) == [
        "UNIQUE (a b, c,d) ON CONFLICT IGNORE", "UNIQUE (c,d) ON CONFLICT FAIL",
      ])
  }

  @Test func `names that differ in more than the case of A to Z are different names`() throws {
    let schema = try Rich.schema(
      "CREATE TABLE Ä (ö REFERENCES Ä (ö) DEFERRABLE INITIALLY DEFERRED, Ö COLLATE NOCASE)")
    #expect(schema.all(.column).map(\.name).sorted() == ["Ä.Ö", "Ä.ö"])
    #expect(schema.object(.foreignKey, "Ä.ö")?.definition == "REFERENCES Ä (ö) DEFERRABLE INITIALLY DEFERRED")
    #expect(schema.object(.column, "Ä.Ö")?.definition == "COLLATE nocase")
  }

  @Test func `a change was there before where both agree on the object`() throws {
    let one = try Rich.schema("CREATE TABLE t (a, b TEXT)")
    let expected = try Rich.schema("CREATE TABLE t (a INT, b TEXT)")
    let difference = try #require(expected.differences(in: one).first)
    #expect(one.agrees(with: try Rich.schema("CREATE TABLE t (a, b INT)"), on: difference))
    #expect(!one.agrees(with: expected, on: difference))
    #expect(
      !one.agrees(
        with: one, on: .init(kind: .other("weather_changed"), object: "t.a", expected: nil, actual: nil)))
  }

  @Test func `no text makes the reader of tables crash`() {
    var random = Numbers(state: 7)
    let pieces =
      SQLTokenizer(Rich.sql).map(\.text) + ["(", ")", ",", ";", "'", "\"", "[", "`", "/*", "--", "é", "x'"]
    for _ in 0..<3000 {
      let count = Int.random(in: 0..<24, using: &random)
      let text = (0..<count).compactMap { _ in pieces.randomElement(using: &random) }.joined(separator: " ")
      let table = TableText("CREATE TABLE t (\(text))")
      #expect(table.columns.count <= count)
      #expect(TableText(text).columns.count <= count)
      let ranges = SQLTokenizer(text).map(\.range)
      #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound })
      #expect(ranges.last?.upperBound ?? 0 <= text.utf8.count)
    }
  }

  @Test func `words of a virtual table's arguments are no constraints`() throws {
    let schema = try Rich.schema(
      "CREATE VIRTUAL TABLE f USING fts5 (a, b, prefix = '2 3'); CREATE TABLE t (a)")
    #expect(schema.all(.table).map(\.name) == ["f", "t"])
    #expect(
      TableText("CREATE VIRTUAL TABLE f USING mod (a foreign, unique, check, b deferrable)").columns.count
        == 2)
  }

  @Test func `the raw digest changes with any text of the schema, and not with rows`() throws {
    let database = try Connection(path: "", access: .memory)
    try database.execute("CREATE TABLE t (a)")
    let digest = try Schema.rawDigest(of: database)
    try database.execute("INSERT INTO t VALUES (1)")
    #expect(try Schema.rawDigest(of: database) == digest)
    try database.execute("CREATE INDEX i ON t (a)")
    #expect(try Schema.rawDigest(of: database) != digest)
  }
}

/// Random numbers that are the same in every run (SplitMix64).
struct Numbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}
