/// A JSON value in the output of an inventory program.
///
/// Foundation's decoder has to try one type after another for a value that can have any type. Each wrong guess throws
/// an error, which costs about 17 µs: seconds for the variables of 100,000 hosts. This parser takes a fraction of a
/// second.
enum InventoryJSON: Equatable {
  case null
  case flag(Bool)
  /// A number as it is written, so that `2.50` keeps its digits.
  case number(String)
  case text(String)
  case list([InventoryJSON])
  case object([String: InventoryJSON])

  /// Why a text is not JSON.
  struct Failure: Error, CustomStringConvertible {
    let line: Int
    let problem: String
    var description: String { "line \(line): \(problem)" }
  }

  /// Parses a whole text. If a key occurs twice, the last one wins.
  static func parse(_ bytes: [UInt8]) throws(Failure) -> InventoryJSON {
    var parser = InventoryJSONParser(bytes: bytes)
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.next == nil else { throw parser.failure("more follows after the end") }
    return value
  }
}

/// A parser for RFC 8259 that works byte by byte.
struct InventoryJSONParser {
  /// The maximum nesting: deeper than any inventory, shallow enough for the stack of a thread.
  private static let deepest = 128

  let bytes: [UInt8]
  private var position = 0

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  func failure(_ problem: String) -> InventoryJSON.Failure {
    let line = bytes[..<min(position, bytes.count)].count { $0 == UInt8(ascii: "\n") } + 1
    return InventoryJSON.Failure(line: line, problem: next == nil ? "it ends too early" : problem)
  }

  mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  mutating func value(depth: Int) throws(InventoryJSON.Failure) -> InventoryJSON {
    guard depth < Self.deepest else { throw failure("it is nested too deeply") }
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth + 1)
    case UInt8(ascii: "["): return try list(depth: depth + 1)
    case UInt8(ascii: "\""): return .text(try text())
    case UInt8(ascii: "t"): return try word("true", .flag(true))
    case UInt8(ascii: "f"): return try word("false", .flag(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func object(depth: Int) throws(InventoryJSON.Failure) -> InventoryJSON {
    position += 1
    var members: [String: InventoryJSON] = [:]
    skipSpace()
    if take("}") { return .object(members) }
    repeat {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw failure("a key in quotes is expected") }
      let key = try text()
      skipSpace()
      guard take(":") else { throw failure("a colon is expected") }
      members[key] = try value(depth: depth)
      skipSpace()
    } while take(",")
    guard take("}") else { throw failure("a comma or } is expected") }
    return .object(members)
  }

  private mutating func list(depth: Int) throws(InventoryJSON.Failure) -> InventoryJSON {
    position += 1
    var items: [InventoryJSON] = []
    skipSpace()
    if take("]") { return .list(items) }
    repeat {
      items.append(try value(depth: depth))
      skipSpace()
    } while take(",")
    guard take("]") else { throw failure("a comma or ] is expected") }
    return .list(items)
  }

  private mutating func word(
    _ word: StaticString, _ value: InventoryJSON
  ) throws(InventoryJSON.Failure) -> InventoryJSON {
    for byte in "\(word)".utf8 {
      guard next == byte else { throw failure("a value is expected") }
      position += 1
    }
    return value
  }

  private mutating func digits() -> Bool {
    let start = position
    while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    return position > start
  }

  private mutating func number() throws(InventoryJSON.Failure) -> InventoryJSON {
    let start = position
    _ = take("-")
    let first = next
    guard digits() else { throw failure("a value is expected") }
    let whole = position - start - (bytes[start] == UInt8(ascii: "-") ? 1 : 0)
    guard first != UInt8(ascii: "0") || whole == 1 else { throw failure("a number begins with 0") }
    if take("."), !digits() { throw failure("a digit is expected") }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      guard digits() else { throw failure("a digit is expected") }
    }
    return .number(String(decoding: bytes[start..<position], as: UTF8.self))
  }

  private mutating func text() throws(InventoryJSON.Failure) -> String {
    position += 1
    var collected: [UInt8] = []
    var start = position
    while let byte = next, byte >= 0x20 {
      switch byte {
      case UInt8(ascii: "\""):
        let end = position
        // The common case copies once. Text before an escape is in `collected`.
        let piece = bytes[start..<end]
        let text =
          collected.isEmpty
          ? String(validating: piece, as: UTF8.self) : String(validating: collected + piece, as: UTF8.self)
        guard let text else { throw failure("a text is not UTF-8") }
        position += 1
        return text
      case UInt8(ascii: "\\"):
        collected += bytes[start..<position]
        position += 1
        try escape(&collected)
        start = position
      default: position += 1
      }
    }
    throw failure("a text has a control character")
  }

  private mutating func escape(_ collected: inout [UInt8]) throws(InventoryJSON.Failure) {
    guard let byte = next else { throw failure("") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): collected.append(byte)
    case UInt8(ascii: "b"): collected.append(0x08)
    case UInt8(ascii: "f"): collected.append(0x0C)
    case UInt8(ascii: "n"): collected.append(0x0A)
    case UInt8(ascii: "r"): collected.append(0x0D)
    case UInt8(ascii: "t"): collected.append(0x09)
    case UInt8(ascii: "u"):
      var units = [try codeUnit()]
      if UTF16.isLeadSurrogate(units[0]), take("\\") {
        guard take("u") else { throw failure("half a surrogate pair") }
        units.append(try codeUnit())
      }
      guard let text = String(validating: units, as: UTF16.self) else {
        throw failure("half a surrogate pair")
      }
      collected += text.utf8
    default: throw failure("an unknown escape")
    }
  }

  private mutating func codeUnit() throws(InventoryJSON.Failure) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw failure("four hexadecimal digits are expected")
      }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }
}
