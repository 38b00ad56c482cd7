internal import Basics
internal import Yams

/// One mapping of a fleet file, read key by key.
///
/// Every accessor returns nil for a key that is absent or null. For a value that can't be used it reports a problem
/// to the reader and returns nil.
struct InventorySection {
  let line: Int
  let reader: InventoryReader
  private let prefix: String
  private let values: [String: (line: Int, node: Node)]

  /// Opens a mapping and reports each key that isn't in `keys`.
  ///
  /// `name` is the path of this mapping, such as `rollout`; empty for the top level.
  init?(_ node: Node, name: String, keys: [String], reader: InventoryReader) {
    guard let mapping = node.mapping else {
      let subject = name.isEmpty ? "a fleet file" : "\"\(name)\""
      reader.report(
        .wrongType, line: InventoryReader.line(of: node),
        "\(subject) must be a mapping of keys to values, not \(InventoryReader.kind(of: node))")
      return nil
    }
    var values: [String: (line: Int, node: Node)] = [:]
    for (key, value) in mapping {
      let keyLine = InventoryReader.line(of: key)
      guard let word = key.scalar?.string else {
        reader.report(.wrongType, line: keyLine, "a key must be a text, not \(InventoryReader.kind(of: key))")
        continue
      }
      guard keys.contains(word) else {
        let place = name.isEmpty ? "" : " in \"\(name)\""
        reader.report(
          .unknownKey, line: keyLine, "unknown key \"\(InventoryVariables.written(word))\"\(place)",
          suggestion: Suggestion.nearest(to: word, in: keys))
        continue
      }
      if !InventoryReader.isNull(value) { values[word] = (keyLine, value) }
    }
    self.line = InventoryReader.line(of: node)
    self.reader = reader
    self.prefix = name.isEmpty ? "" : "\(name)."
    self.values = values
  }

  func has(_ key: String) -> Bool { values[key] != nil }
  func name(_ key: String) -> String { prefix + key }
  func node(_ key: String) -> Node? { values[key]?.node }
  func line(_ key: String) -> Int { values[key]?.line ?? line }
  func location(_ key: String) -> InventoryLocation { InventoryLocation(file: reader.file, line: line(key)) }

  func report(_ code: InventoryError.Code, _ key: String, _ message: String, suggestion: String? = nil) {
    reader.report(code, line: line(key), message, suggestion: suggestion)
  }

  /// Reports an unusable value, quoted as it is written.
  func reject(_ key: String, mustBe expectation: String, suggestion: String? = nil) {
    let written = node(key).map(InventoryReader.quoted) ?? "nothing"
    let code: InventoryError.Code = node(key)?.scalar == nil ? .wrongType : .invalidValue
    report(code, key, "\"\(name(key))\" must be \(expectation), not \(written)", suggestion: suggestion)
  }

  func section(_ key: String, keys: [String]) -> InventorySection? {
    node(key).flatMap { InventorySection($0, name: name(key), keys: keys, reader: reader) }
  }

  // MARK: Scalars

  func text(_ key: String) -> String? {
    node(key).flatMap { reader.text($0, line: line(key), name: name(key)) }
  }

  /// Reports a required key if it is missing.
  func require(_ key: String, _ what: String) {
    if !has(key) { report(.missingKey, key, "the key \"\(name(key))\" is missing: \(what)") }
  }

  func secret(_ key: String) -> Secret? {
    node(key).flatMap { reader.text($0, line: line(key), name: name(key), secret: true) }.map(
      Secret.init(unchecked:))
  }

  /// A path on this machine; relative paths start at the folder of the fleet file.
  func path(_ key: String) -> String? {
    guard let text = text(key) else { return nil }
    if text == "~" || text.hasPrefix("~/") {
      report(
        .invalidValue, key, "\"\(name(key))\" begins with \"~\", which is not expanded",
        suggestion: "${HOME}\(text.dropFirst())")
      return nil
    }
    return absolutePath(text, in: reader.folder)
  }

  func number(_ key: String, in range: ClosedRange<Int>) -> Int? {
    value(key, mustBe: "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
      wholeNumber(text[...]).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  func flag(_ key: String) -> Bool? {
    value(key, mustBe: "true or false") { ["true": true, "yes": true, "false": false, "no": false][$0] }
  }

  func duration(_ key: String) -> Duration? {
    value(key, mustBe: "a duration such as 250ms, 30s, 10m or 2h", InventoryDuration.parse)
  }

  func choice<Choice: RawRepresentable<String> & CaseIterable>(_ key: String, of type: Choice.Type) -> Choice?
  {
    guard let text = text(key) else { return nil }
    if let choice = Choice(rawValue: text) { return choice }
    let words = type.allCases.map(\.rawValue)
    let list = words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
    reject(key, mustBe: list, suggestion: Suggestion.nearest(to: text, in: words))
    return nil
  }

  /// A scalar, converted by `read`. Reports a problem if `read` returns nil.
  func value<Value>(_ key: String, mustBe expectation: String, _ read: (String) -> Value?) -> Value? {
    guard let node = node(key) else { return nil }
    guard let text = reader.text(node, line: line(key), name: name(key), kind: expectation) else {
      return nil
    }
    if let value = read(text) { return value }
    reject(key, mustBe: expectation)
    return nil
  }

  // MARK: Lists and mappings

  /// A list of texts, each with its line.
  func texts(_ key: String, secret: Bool = false) -> [(text: String, line: Int)]? {
    guard let node = node(key) else { return nil }
    guard let sequence = node.sequence else {
      let written = secret ? InventoryReader.kind(of: node) : InventoryReader.quoted(node)
      report(.wrongType, key, "\"\(name(key))\" must be a list, not \(written)")
      return nil
    }
    return sequence.compactMap { item in
      let line = InventoryReader.line(of: item)
      return reader.text(item, line: line, name: name(key), secret: secret, kind: "a list of texts").map {
        ($0, line)
      }
    }
  }

  func list(_ key: String) -> [String]? {
    texts(key).map { $0.map(\.text) }
  }

  /// One secret or a list of them.
  func secrets(_ key: String) -> [Secret] {
    if node(key)?.scalar != nil { return secret(key).map { [$0] } ?? [] }
    return (texts(key, secret: true) ?? []).map { Secret(unchecked: $0.text) }
  }

  /// A mapping of texts to lists of texts. `example` shows one, for messages.
  func lists(_ key: String, such example: String) -> [String: [String]]? {
    guard let node = node(key) else { return nil }
    guard let mapping = node.mapping else {
      reject(key, mustBe: "a mapping such as \(example)")
      return nil
    }
    var result: [String: [String]] = [:]
    for (itemKey, item) in mapping {
      let line = InventoryReader.line(of: itemKey)
      guard let word = itemKey.scalar.map({ InventoryVariables.written($0.string) }),
        let items = item.sequence
      else {
        reader.report(.wrongType, line: line, "\"\(name(key))\" must be a mapping such as \(example)")
        continue
      }
      result[word] = items.compactMap { reader.text($0, line: line, name: "\(name(key)).\(word)") }
    }
    return result
  }

  /// A mapping of texts to texts.
  func mapping(_ key: String) -> [String: String]? {
    guard let node = node(key) else { return nil }
    guard let mapping = node.mapping else {
      reject(key, mustBe: "a mapping such as { region: eu }")
      return nil
    }
    var result: [String: String] = [:]
    for (itemKey, item) in mapping {
      let line = InventoryReader.line(of: itemKey)
      guard let word = itemKey.scalar.map({ InventoryVariables.written($0.string) }) else {
        reader.report(.wrongType, line: line, "a key of \"\(name(key))\" must be a text")
        continue
      }
      result[word] = reader.text(item, line: line, name: "\(name(key)).\(word)")
    }
    return result
  }
}
