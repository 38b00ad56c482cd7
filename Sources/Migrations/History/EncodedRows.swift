internal import SQLite

/// Values of some rows in one piece, which is compared and hashed quickly.
struct EncodedRows: Hashable {
  private enum Kind: UInt8 {
    case null, integer, text, blob
  }

  private var bytes: [UInt8] = []
  /// Where each row begins.
  private var starts: [Int] = []

  static func == (one: EncodedRows, other: EncodedRows) -> Bool { one.bytes == other.bytes }

  func hash(into hasher: inout Hasher) { bytes.withUnsafeBytes { hasher.combine(bytes: $0) } }

  /// Begins a row. All rows get as many values.
  mutating func beginRow() { starts.append(bytes.count) }

  mutating func appendNull() { bytes.append(Kind.null.rawValue) }

  mutating func append(_ number: Int64) {
    bytes.append(Kind.integer.rawValue)
    appendBytes(of: number)
  }

  mutating func append(_ content: UnsafeRawBufferPointer, isText: Bool) {
    bytes.append((isText ? Kind.text : .blob).rawValue)
    appendBytes(of: Int64(content.count))
    bytes.append(contentsOf: content)
  }

  private mutating func appendBytes(of number: Int64) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Decodes the rows, each of `width` values.
  func values(width: Int) -> [[Value]] {
    starts.map { start in
      var place = start
      return (0..<width).map { _ in value(&place) }
    }
  }

  /// Decodes the value at `place`, and moves behind it.
  private func value(_ place: inout Int) -> Value {
    let kind = Kind(rawValue: bytes[place])
    place += 1
    guard kind != .null else { return .null }
    let number = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: Int64.self) }
    place += 8
    guard kind != .integer else { return .integer(Int64(littleEndian: number)) }
    let content = bytes[place..<place + Int(Int64(littleEndian: number))]
    place = content.endIndex
    return kind == .text ? .text(String(decoding: content, as: UTF8.self)) : .blob(Array(content))
  }

  /// Sorts the rows as SQLite's ORDER BY does.
  ///
  /// - Parameters:
  ///   - orders: the value of each row by which they are sorted: NULL, integers, texts.
  ///   - width: how many values a row has.
  /// - Returns: false if the order isn't defined, because rows with the same first value have the same place.
  mutating func sort(by orders: [Value], width: Int) -> Bool {
    let places = orders.indices.sorted { Self.isBefore(orders[$0], orders[$1]) }
    var start = 0
    for (place, row) in places.enumerated() {
      if orders[places[start]] != orders[row] { start = place }
      guard start < place else { continue }
      let same = places[start..<place].contains { other in firstValue(of: other) == firstValue(of: row) }
      if same { return false }
    }
    guard !places.elementsEqual(orders.indices) else { return true }
    var sorted = EncodedRows()
    for row in places {
      sorted.beginRow()
      sorted.bytes += bytes[starts[row]..<(row + 1 < starts.count ? starts[row + 1] : bytes.count)]
    }
    self = sorted
    return true
  }

  private func firstValue(of row: Int) -> Value {
    var place = starts[row]
    return value(&place)
  }

  /// The order of SQLite: NULL, integers, texts by their bytes.
  private static func isBefore(_ one: Value, _ other: Value) -> Bool {
    switch (one, other) {
    case (.integer(let one), .integer(let other)): one < other
    case (.text(let one), .text(let other)): one.utf8.lexicographicallyPrecedes(other.utf8)
    case (.null, .integer), (.null, .text), (.integer, .text): true
    default: false
    }
  }
}
