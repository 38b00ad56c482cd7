internal import Foundation

/// Where the collector's pages are.
enum Address {
  static let home = "/"
  static func fleet(_ fleet: String) -> String { "/fleets/\(escaped(fleet))" }
  static func coordinator(_ fleet: String, _ coordinator: String) -> String {
    "\(Self.fleet(fleet))/\(escaped(coordinator))"
  }
  static func report(_ id: String) -> String { "/reports/\(escaped(id))" }

  /// The parts of a path, each with its percent escapes taken away; nil where one has no meaning.
  static func parts(of path: String) -> [String]? {
    let parts = path.split(separator: "/").map { $0.removingPercentEncoding }
    return parts.contains(nil) ? nil : parts.compactMap { $0 }
  }

  /// All but letters, digits and `-_.~` are escaped, so that the text is one part of a path.
  private static func escaped(_ text: String) -> String {
    text.utf8.map { byte in
      let scalar = Unicode.Scalar(byte)
      if scalar.isASCII, scalar.properties.isAlphabetic || "0123456789-_.~".unicodeScalars.contains(scalar) {
        return String(scalar)
      }
      return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }.joined()
  }
}
