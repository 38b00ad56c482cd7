import Foundation

/// The real HTTP server that the tests send to: one child process for all of them.
final class Receiver: Sendable {
  /// One request, as the server saw it.
  struct Request: Decodable {
    struct Body: Decodable {
      let text: String
      let sha256: String
      let missing: Int
      /// The size after decompression, up to 64 kB where there was none.
      let expanded: Int?
    }
    let method: String
    let path: String
    let headers: [String: String]
    let body: Body
  }

  static func shared() throws -> Receiver { try running.get() }

  let certificates: Certificates
  private let ports: [Int]
  private let records: URL
  /// Where the records are, a file an id.
  var folder: String { records.path }
  /// Ends the child when this process does.
  private let input: Pipe

  private static let running = Result { try Receiver() }

  private init() throws {
    // A proxy doesn't lead to this machine.
    setenv("no_proxy", "127.0.0.1,localhost", 1)
    let folder = try temporaryFolder()
    let certificates = try Certificates(in: folder)
    self.certificates = certificates
    records = folder
    input = Pipe()
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/receiver.py")
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      ["python3", script.path, folder.path]
      + certificates.served.flatMap {
        [
          certificates.path("\($0).pem"), certificates.path("\($0).key"),
          $0 == "mutual" ? certificates.authority : "-",
        ]
      }
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    var line = Data()
    while line.last != UInt8(ascii: "\n") {
      let more = output.fileHandleForReading.availableData
      if more.isEmpty { break }
      line += more
    }
    ports = String(decoding: line, as: UTF8.self).split { $0.isWhitespace }.compactMap { Int($0) }
    guard ports.count == certificates.served.count + 1 else { throw CocoaError(.featureUnsupported) }
  }

  /// The address of a behaviour, over plain HTTP.
  func url(_ behaviour: String) -> String { "http://127.0.0.1:\(ports[0])/\(behaviour)" }

  /// The address of a behaviour over TLS, at the port that shows this certificate.
  func url(_ behaviour: String, certificate: String) -> String {
    let place = certificates.served.firstIndex(of: certificate).map { $0 + 1 } ?? 0
    return "https://127.0.0.1:\(ports[place])/\(behaviour)"
  }

  /// All that came under this id, oldest first.
  func requests(_ id: String) throws -> [Request] {
    let file = records.appending(path: "\(id).jsonl")
    guard FileManager.default.fileExists(atPath: file.path) else { return [] }
    return try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).map {
      try JSONDecoder().decode(Request.self, from: $0)
    }
  }
}

/// Certificates made on the spot, so that none in the repository can expire.
struct Certificates {
  /// Those that the receiver shows, one a port.
  let served = ["good", "self-signed", "expired", "wrong-host", "mutual"]
  /// The authority behind all but the self-signed one.
  var authority: String { path("authority.pem") }

  private let folder: URL

  init(in folder: URL) throws {
    self.folder = folder
    try make("authority", for: nil)
    try make("self-signed", for: "IP:127.0.0.1")
    for name in ["good", "expired", "wrong-host", "mutual", "client"] { try issue(name) }
  }

  func path(_ name: String) -> String { folder.appending(path: name).path }

  private func make(_ name: String, for host: String?) throws {
    var arguments = [
      "req", "-x509", "-days", "2", "-subj", "/CN=flotilla test \(name)", "-out", path("\(name).pem"),
    ]
    arguments += Self.newKey + [path("\(name).key")]
    if let host { arguments += ["-addext", "subjectAltName=\(host)"] }
    try openssl(arguments)
  }

  private func issue(_ name: String) throws {
    let host = name == "wrong-host" ? "DNS:elsewhere.example" : "IP:127.0.0.1"
    let dates =
      name == "expired"
      ? ["-startdate", "20200101000000Z", "-enddate", "20200102000000Z"] : ["-days", "2"]
    try """
    [ca]
    database = \(path("\(name).index"))
    new_certs_dir = \(folder.path)
    default_md = sha256
    rand_serial = yes
    policy = any
    copy_extensions = copy
    [any]
    commonName = supplied
    """.write(toFile: path("\(name).conf"), atomically: true, encoding: .utf8)
    try "".write(toFile: path("\(name).index"), atomically: true, encoding: .utf8)
    try openssl(
      [
        "req", "-new", "-subj", "/CN=\(name)", "-addext", "subjectAltName=\(host)", "-out",
        path("\(name).csr"),
      ]
        + Self.newKey + [path("\(name).key")])
    try openssl(
      [
        "ca", "-batch", "-notext", "-name", "ca", "-config", path("\(name).conf"), "-cert", authority,
        "-keyfile", path("authority.key"), "-in", path("\(name).csr"), "-out", path("\(name).pem"),
      ] + dates)
  }

  private static let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout"]

  private func openssl(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
  }
}
