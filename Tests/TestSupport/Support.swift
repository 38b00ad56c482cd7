internal import FoundationEssentials
internal import Glibc
internal import SQLite

/// A folder that goes away with the value.
public final class TemporaryFolder: Sendable {
  /// Its absolute path.
  public let path: String

  /// Makes one under the system's temporary folder.
  public init() throws {
    var template = Array("/tmp/flotilla-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SupportError("no temporary folder") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of something in it.
  public func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a text file; folders on the way are made.
  @discardableResult
  public func write(_ text: String, to name: String) throws -> String {
    let path = file(name)
    let parent = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(filePath: path))
    return path
  }

  /// Makes a database by running SQL in a new file.
  @discardableResult
  public func database(_ name: String, _ sql: String) throws -> String {
    let path = try write("", to: name)
    let database = try Connection(path: path, access: .readWrite)
    try database.executeScript(sql)
    database.close()
    return path
  }

  /// Makes a database from one of the project's fixtures, such as `epoch-03`.
  @discardableResult
  public func fixture(_ fixture: String, as name: String) throws -> String {
    try database(name, try Repository.text("Tests/Fixtures/ownprem/\(fixture).sql"))
  }
}

/// What went wrong in a test's own set-up.
public struct SupportError: Error, CustomStringConvertible {
  /// What.
  public let description: String
  /// Says what.
  public init(_ description: String) { self.description = description }
}

/// This project's files.
public enum Repository {
  /// The root of the checkout.
  public static let root = String(#filePath.dropLast("/Tests/TestSupport/Support.swift".count))

  /// The Python packages that `scripts/setup-python` installs.
  public static let packages = "\(root)/.build-python"

  /// The text of a file.
  public static func text(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: "\(root)/\(path)")), as: UTF8.self)
  }

  /// The names of the fixtures that show how installations looked over time.
  public static let epochs = [
    "epoch-00", "epoch-02", "epoch-03", "epoch-04", "epoch-05", "epoch-08", "epoch-09", "epoch-12",
    "epoch-13", "epoch-14", "epoch-15",
  ]

  /// The real databases beside the checkout; empty where that folder isn't there.
  public static let corpus: [String] = {
    let folder = "\(root)/../shared/ownprem/corpus"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".sqlite") }.sorted().map { "\(folder)/\($0)" }
  }()
}
