import Foundation
import TestSupport

/// The real HTTP server that the tests send to: one child process for all of them.
final class SharedReceiver: Sendable {
  static func running() throws -> SharedReceiver { try shared.get() }

  let certificates: Certificates
  private let receiver: Receiver
  /// Where the records are, one file an id.
  var folder: String { receiver.folder.path }

  private static let shared = Result { try SharedReceiver() }

  private init() throws {
    // A proxy doesn't lead to this machine.
    setenv("no_proxy", "127.0.0.1,localhost", 1)
    let certificates = try Certificates()
    self.certificates = certificates
    receiver = try Receiver(
      certificates: certificates.served.flatMap {
        [
          certificates.path("\($0).pem"), certificates.path("\($0).key"),
          $0 == "mutual" ? certificates.authority : "-",
        ]
      })
  }

  /// The address of a behaviour, over plain HTTP.
  func url(_ behaviour: String) -> String { "\(receiver.url)/\(behaviour)" }

  /// The address of a behaviour over TLS, at the port that shows this certificate.
  func url(_ behaviour: String, certificate: String) -> String {
    let place = certificates.served.firstIndex(of: certificate).map { $0 + 1 } ?? 0
    return "https://127.0.0.1:\(receiver.ports[place])/\(behaviour)"
  }

  /// All that came under this id, oldest first.
  func requests(_ id: String) throws -> [Receiver.Request] { try receiver.requests(id) }
}

/// Certificates made on the spot, so that none in the repository can expire.
struct Certificates {
  /// Those that the receiver shows, one a port.
  let served = ["good", "self-signed", "expired", "wrong-host", "mutual"]
  /// The authority behind all but the self-signed one.
  var authority: String { path("authority.pem") }

  private let folder: TemporaryFolder

  init() throws {
    try Prerequisite.openssl.require()
    folder = try TemporaryFolder()
    try make("authority", for: nil)
    try make("self-signed", for: "IP:127.0.0.1")
    for name in ["good", "expired", "wrong-host", "mutual", "client"] { try issue(name) }
  }

  func path(_ name: String) -> String { folder.file(name) }

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

  private func openssl(_ arguments: [String]) throws { try Tool.output(of: ["openssl"] + arguments) }
}
