import Basics
import Fleet
import Glibc
import Upload

extension Endpoint {
  /// Creates the endpoint that the fleet file's `report` describes.
  ///
  /// - Throws: `UsageError` with the key of a mistake, without its value.
  init(_ report: FleetFile.Report, url: String) throws {
    var token = try report.token.map { text in
      try Self.reading("report.token") { try Secret(text.revealedValue) }
    }
    if let file = report.tokenFile { token = try Self.reading("report.token_file") { try Secret.file(file) } }
    let secrets = try report.secrets.map { text in
      try Self.reading("report.secret") { try SigningSecret(Secret(text.revealedValue)) }
    }
    let certificate = report.clientCertificate.map { ClientCertificate(path: $0, keyPath: report.clientKey) }
    self = try Self.reading("report.url") {
      try Endpoint(
        url: url, method: report.method, token: token, secrets: secrets,
        coordinator: Self.hostName, compresses: report.compresses,
        clientCertificate: certificate, certificateAuthorities: report.caFile)
    }
  }

  private static func reading<T>(_ key: String, _ body: () throws -> T) throws -> T {
    do { return try body() } catch { throw UsageError("\(key): \(error)") }
  }

  /// The name of this machine; nil if it has none that is allowed in a header.
  static var hostName: String? {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return nil }
    let name = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let isPlain = name.utf8.allSatisfy { (UInt8(ascii: "!")...UInt8(ascii: "~")).contains($0) }
    return isPlain && !name.isEmpty ? name : nil
  }
}
