/// Splits a report while it arrives: into its installations, one by one, and the rest, with an empty list in their
/// place.
///
/// A report of a whole fleet is large, but each installation is small, so the whole report is never in memory. The
/// splitter looks only at brackets, strings and commas; the reader of each part checks that it is JSON.
struct ReportSplitter {
  /// Everything but the installations.
  private(set) var head: [UInt8] = []
  /// The number of bytes so far.
  private(set) var count = 0

  private var installation: [UInt8] = []
  private var hasInstallations = false
  private var isInside = false
  private var depth = 0
  private var isString = false
  private var isEscaped = false
  private var lastString: [UInt8] = []
  private var key: [UInt8] = []

  /// The list of installations is malformed, or a part is larger than in any valid report.
  struct Malformed: Error {}

  private static let name = Array("installations".utf8)
  private static let longestHead = 16 << 20
  private static let longestInstallation = 4 << 20

  /// Adds the next bytes, and passes each complete installation to `body`.
  mutating func add(_ bytes: ArraySlice<UInt8>, _ body: ([UInt8]) throws -> Void) throws {
    count += bytes.count
    for byte in bytes {
      if isString {
        addToString(byte)
      } else if try !endsInstallation(byte, body) {
        addOutsideString(byte)
      }
    }
    guard head.count <= Self.longestHead, installation.count <= Self.longestInstallation else {
      throw Malformed()
    }
  }

  private mutating func keep(_ byte: UInt8) {
    if isInside { installation.append(byte) } else { head.append(byte) }
  }

  private mutating func addToString(_ byte: UInt8) {
    keep(byte)
    if isEscaped {
      isEscaped = false
    } else if byte == UInt8(ascii: "\\") {
      isEscaped = true
    } else if byte == UInt8(ascii: "\"") {
      isString = false
      return
    }
    if depth == 1, lastString.count <= Self.name.count { lastString.append(byte) }
  }

  private mutating func addOutsideString(_ byte: UInt8) {
    keep(byte)
    switch byte {
    case UInt8(ascii: "\""):
      isString = true
      if depth == 1 { lastString = [] }
    case UInt8(ascii: ":") where depth == 1: key = lastString
    case UInt8(ascii: "["), UInt8(ascii: "{"):
      if depth == 1, byte == UInt8(ascii: "["), key == Self.name {
        isInside = true
        hasInstallations = false
        installation = []
      }
      depth += 1
    case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
    default: break
    }
  }

  /// Handles a byte between two installations or after the last; returns whether it was one.
  private mutating func endsInstallation(
    _ byte: UInt8, _ body: ([UInt8]) throws -> Void
  ) throws -> Bool {
    guard isInside, depth == 2, byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") else { return false }
    let isLast = byte == UInt8(ascii: "]")
    if installation.allSatisfy({ $0 == 0x20 || (0x09...0x0d).contains($0) }) {
      guard isLast, !hasInstallations else { throw Malformed() }
    } else {
      try body(installation)
      hasInstallations = true
    }
    installation.removeAll(keepingCapacity: true)
    if isLast {
      isInside = false
      depth = 1
      head.append(byte)
    }
    return true
  }
}
