import Testing

@testable import Fleet

@Suite struct InventoryPatternTests {
  let stores = inventory([
    "hq canary eu", "berlin-1 stores eu", "berlin-2 stores eu", "boston stores us", "lab", "köln stores eu",
  ])

  func select(_ pattern: String) throws -> [String] {
    let selection = stores.select(try Pattern(pattern))
    return selection.indices.map { stores.installations[$0].id }
  }

  @Test(arguments: [
    ("", "the pattern is empty; \"all\" selects every installation"),
    ("  ", "the pattern is empty; \"all\" selects every installation"),
    ("a::b", "pattern \"a::b\": a name is missing between separators or after ! or &"),
    ("a,", "pattern \"a,\": a name is missing between separators or after ! or &"),
    ("a:!", "pattern \"a:!\": a name is missing between separators or after ! or &"),
    ("& ", "pattern \"& \": a name is missing between separators or after ! or &"),
    (
      "ber[lin", "pattern \"ber[lin\": \"ber[lin\" has a [ that is not closed, or a range that runs backwards"
    ),
    ("b[z-a]", "pattern \"b[z-a]\": \"b[z-a]\" has a [ that is not closed, or a range that runs backwards"),
    (
      "\"a:b",
      "pattern \"\"a:b\": a name in quotes doesn't end with its quote; a quote within a name is doubled"
    ),
    (
      "a:!\"b\"c",
      "pattern \"a:!\"b\"c\": a name in quotes doesn't end with its quote; a quote within a name is doubled"
    ),
    ("\"\"", "pattern \"\"\"\": a name is missing between separators or after ! or &"),
    ("~(", "pattern \"~(\": \"~(\" is not a regular expression"),
    ("~", "pattern \"~\": \"~\" is not a regular expression"),
  ])
  func `a pattern that makes no sense is refused`(_ text: String, _ complaint: String) {
    let error = #expect(throws: PatternError.self) { try Pattern(text) }
    #expect(error?.description == complaint)
  }

  @Test func `a name that matches nothing is reported with what was meant`() throws {
    let selection = stores.select(try Pattern("store:!brelin-1:&zebra:ber*:x*"))
    #expect(
      selection.unmatched == [
        .init(name: "store", suggestion: "stores"), .init(name: "zebra", suggestion: nil),
        .init(name: "brelin-1", suggestion: "berlin-1"),
      ])
    #expect(selection.indices.isEmpty)
  }

  @Test(arguments: [
    ("failed:last", "failed:last"), ("&unreachable:last:stores", "unreachable:last"), ("pending", "pending"),
    ("pending:last", "pending:last"), ("pending:lab", "pending"), ("!drifted[0:2]", "drifted"),
    ("stores:wave:2[1]:!@failed:last", "wave:2 @failed:last"), (" failed : last ", "failed:last"),
    ("pending:failed:last", "pending failed:last"), ("wave:01:drifted", "wave:01 drifted"),
    ("failed:01J9ZZZZZZZZZZZZZZZZZZZZZZ", "failed:01J9ZZZZZZZZZZZZZZZZZZZZZZ"),
    // Names, since a part is missing, quoted or separated by a comma.
    ("failed", ""), ("failed,last", ""), ("\"failed\":last", ""), ("failed:\"last\"", ""),
    ("failed:!last", ""),
    ("wave:two", ""), ("wave", ""), ("last:failed", ""), ("failed[0]:last", ""), ("~failed:last", ""),
    ("fail*:last", ""), ("\"pending\"", ""), ("@berlin", ""), ("failed:01J9", ""),
  ])
  func `a term of a run is recognized`(_ text: String, _ selectors: String) throws {
    let pattern = try Pattern(text, recognizesRuns: true)
    #expect(pattern.runSelectors.map(\.description).joined(separator: " ") == selectors)
    #expect(try Pattern(text).runSelectors.isEmpty)
  }

  @Test func `terms of runs are combined as others are`() throws {
    let pattern = try Pattern("stores:&failed:last:!wave:2[0]", recognizesRuns: true)
    let selectors = pattern.runSelectors
    let recorded = [
      selectors[0]: Set(["hq", "berlin-1", "boston", "köln", "gone"]), selectors[1]: ["berlin-1", "köln"],
    ]
    let selection = stores.select(pattern, recorded: recorded)
    #expect(selection.indices.map { stores.installations[$0].id } == ["boston", "köln"])
    #expect(selection.unmatched.isEmpty)
  }

  @Test func `a glob or a position that matches nothing selects nothing and is no mistake`() throws {
    for text in ["zzz*", "stores[9]", "stores[-5]", "stores[3:1]", "lab[0]:&eu"] {
      let selection = stores.select(try Pattern(text))
      #expect(selection.indices.isEmpty && selection.unmatched.isEmpty)
    }
  }

  @Test(arguments: [
    ("all", "hq berlin-1 berlin-2 boston lab köln"),
    ("*", "hq berlin-1 berlin-2 boston lab köln"),
    ("canary", "hq"),
    ("lab", "lab"),
    ("lab:hq", "hq lab"),
    ("lab, hq", "hq lab"),
    ("stores:!berlin*", "boston köln"),
    ("!berlin*:stores", "boston köln"),
    ("!berlin*", "hq boston lab köln"),
    ("stores:&eu", "berlin-1 berlin-2 köln"),
    ("&eu", "hq berlin-1 berlin-2 köln"),
    ("&stores:&eu:!berlin-1", "berlin-2 köln"),
    ("canary:stores:&eu:!köln", "hq berlin-1 berlin-2"),
    ("can*", "hq"),
    ("k?ln", "köln"),
    ("berlin-[2-9]", "berlin-2"),
    ("berlin-[!2-9]", "berlin-1"),
    ("~b(er|os)", "berlin-1 berlin-2 boston"),
    ("~erlin", ""),
    ("stores[0]", "berlin-1"),
    ("stores[-1]", "köln"),
    ("stores[0:1]", "berlin-1 berlin-2"),
    ("stores[2:]:!eu", "boston"),
    ("stores[1:99]", "berlin-2 boston köln"),
  ])
  func `a pattern selects what Ansible would`(_ pattern: String, _ ids: String) throws {
    #expect(try select(pattern).joined(separator: " ") == ids)
  }

  @Test(arguments: [
    ("\"a:b\"", ["a:b"]), ("\"x,y\":\"!z\"", ["x,y", "!z"]), (" \"a:b\" , \"x,y\" ", ["a:b", "x,y"]),
    ("all:!\"a:b\":! \"!z\"", ["x,y", "q\"[0]", "*", "eu/a.db"]), ("&\"x,y\"", ["x,y"]),
    ("\"q\"\"[0]\"", ["q\"[0]"]), ("q*", ["q\"[0]"]), ("\"*\"", ["*"]), ("eu/a.db", ["eu/a.db"]),
    ("eu/*", ["eu/a.db"]), ("\"a:b\"[0]", ["a:b"]), ("\"a:b\"[1]", []),
  ])
  func `quotes take a name as it is`(_ pattern: String, _ ids: [String]) throws {
    let fleet = inventory(["a:b", "x,y", "!z", "q\"[0]", "*", "eu/a.db"])
    let selection = fleet.select(try Pattern(pattern))
    #expect(selection.indices.map { fleet.installations[$0].id } == ids)
    #expect(selection.unmatched.isEmpty)
  }

  @Test func `every id is selected by its quoted form`() throws {
    let fleet = inventory(["a", "a:b", "\"a\"", "~a", "[", "all", "\""])
    for installation in fleet.installations {
      let selection = fleet.select(try Pattern(Pattern.quoted(installation.id)))
      #expect(selection.indices.map { fleet.installations[$0].id } == [installation.id])
    }
  }

  @Test func `a name stands for an id and for a group`() throws {
    let fleet = inventory(["eu", "a eu", "b us"])
    #expect(fleet.select(try Pattern("eu")).indices == [0, 1])
  }
}
