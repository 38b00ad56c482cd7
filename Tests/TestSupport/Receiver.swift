internal import Foundation

/// A real HTTP server in a child process that keeps what it is sent; it ends with the value.
public final class Receiver: Sendable {
  /// One request, as the server saw it.
  public struct Request: Decodable, Sendable {
    /// What came behind the headers.
    public struct Body: Decodable, Sendable {
      /// Its first 4096 bytes, expanded.
      public let text: String
      /// The digest of what came.
      public let sha256: String
      /// How many of the bytes that were announced didn't come.
      public let missing: Int
      /// The size after decompression, up to 64 kB where there was none.
      public let expanded: Int?
    }
    /// GET, POST, and so on.
    public let method: String
    /// The request target.
    public let path: String
    /// The headers by their names in lower case.
    public let headers: [String: String]
    /// What came behind the headers.
    public let body: Body
  }

  /// Where the records are, one file an id.
  public let folder: TemporaryFolder
  /// The ports: the first for plain HTTP, then one a certificate.
  public let ports: [Int]
  private let tool: BackgroundTool

  /// Starts one.
  ///
  /// - Parameter certificates: the certificate, the key, and the authority of clients or `-`, one triple a port.
  /// - Throws: what keeps it from starting.
  public init(certificates: [String] = []) throws {
    try Prerequisite.python.require()
    folder = try TemporaryFolder()
    let script = "\(Repository.root)/Tests/UploadTests/Fixtures/receiver.py"
    tool = try BackgroundTool(["python3", script, folder.path] + certificates)
    ports = tool.line.split { $0.isWhitespace }.compactMap { Int($0) }
    guard ports.count == certificates.count / 3 + 1 else { throw SupportError("not all ports are open") }
  }

  /// Its address over plain HTTP.
  public var url: String { "http://127.0.0.1:\(ports[0])" }

  /// The ids that came, in the order in which they came first.
  public func ids() throws -> [String] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    let dated = try names.map { name in
      let attributes = try FileManager.default.attributesOfItem(atPath: folder.file(name))
      return (name, attributes[.modificationDate] as? Date ?? .distantPast)
    }
    return dated.sorted { $0.1 < $1.1 }.map { String($0.0.dropLast(6)) }
  }

  /// All that came under this id, oldest first.
  public func requests(_ id: String) throws -> [Request] {
    let file = folder.file("\(id).jsonl")
    guard FileManager.default.fileExists(atPath: file) else { return [] }
    return try Data(contentsOf: URL(filePath: file)).split(separator: UInt8(ascii: "\n")).map {
      try JSONDecoder().decode(Request.self, from: $0)
    }
  }
}
