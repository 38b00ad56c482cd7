internal import Glibc
internal import SQLite
public import Schema

/// The migrations of one application, with its baseline and its schema for fresh installations.
public struct MigrationSet: Sendable {
  /// What runs first on a database without `schema_migrations`.
  public let baseline: Migration?
  /// The migrations by version.
  public let migrations: [Migration]
  /// The script that makes a fresh installation, and its file's name.
  public let schema: (text: String, file: String)?
  /// SHA-256 over versions, names and contents of all files.
  public let digest: Fingerprint

  /// The highest version, or 0 where there is none.
  public var latest: Int64 { migrations.last?.version ?? 0 }

  /// The name of a version.
  public func name(of version: Int64) -> String? { migrations.first { $0.version == version }?.name }

  /// Reads and checks all files.
  ///
  /// - Parameters:
  ///   - folder: the folder of `0001_name.sql` files; others than `.sql` in it don't count.
  ///   - baseline: path of the baseline, if there is one.
  ///   - schema: path of the script for fresh installations, if there is one.
  /// - Returns: the whole set.
  /// - Throws: `MigrationError` with file and line.
  public static func load(folder: String, baseline: String? = nil, schema: String? = nil)
    throws(MigrationError) -> MigrationSet
  {
    var migrations: [Int64: Migration] = [:]
    for file in try list(folder) where file.hasSuffix(".sql") && !file.hasPrefix(".") {
      let (version, name) = try parseName(file)
      if let other = migrations[version] {
        throw MigrationError(
          .duplicateVersion, file: file,
          "version \(version) is taken by \(other.file): give one of them another number")
      }
      let text = try read(folder + "/" + file)
      migrations[version] = try MigrationParser.parse(text, file: file, version: version, name: name)
    }
    guard !migrations.isEmpty else {
      throw MigrationError(
        .unreadable, file: folder, "there is no migration (such as 0001_create_tables.sql) in it")
    }
    var first: Migration?
    if let baseline {
      first = try MigrationParser.parse(
        try read(baseline), file: lastPart(baseline), version: nil, name: "baseline")
    }
    var fresh: (text: String, file: String)?
    if let schema { fresh = (text: try read(schema), file: lastPart(schema)) }
    let sorted = migrations.sorted { $0.key < $1.key }.map(\.value)
    return MigrationSet(
      baseline: first, migrations: sorted, schema: fresh, digest: digest(first, sorted, fresh?.text))
  }

  /// Version and name from `0006_add_family_id.sql`.
  static func parseName(_ file: String) throws(MigrationError) -> (Int64, String) {
    let stem = file.dropLast(4)
    let digits = stem.prefix { $0.isASCII && $0.isNumber }
    let name = stem.dropFirst(digits.count + 1)
    let isPlain = { (c: Character) in c.isASCII && (c.isLowercase || c.isNumber || c == "_") }
    guard let version = Int64(digits), version > 0, stem.dropFirst(digits.count).first == "_",
      name.first?.isLetter == true, name.allSatisfy(isPlain)
    else {
      throw MigrationError(
        .malformedName, file: file,
        "a migration's name is a number, an underscore and lower-case words, such as 0007_add_email_to_users.sql"
      )
    }
    return (version, String(name))
  }

  private static func digest(_ baseline: Migration?, _ migrations: [Migration], _ schema: String?)
    -> Fingerprint
  {
    var parts = migrations.map { "\($0.version ?? 0) \($0.name) \($0.digest)\n" }
    if let baseline { parts.append("baseline \(baseline.digest)\n") }
    if let schema { parts.append("schema \(Fingerprint(of: schema.utf8))\n") }
    return Fingerprint(of: parts.joined().utf8)
  }

  private static func lastPart(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  private static func list(_ folder: String) throws(MigrationError) -> [String] {
    guard let stream = opendir(folder) else { throw unreadable(folder) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) { pointer in
          pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return names.sorted()
  }

  private static func read(_ path: String) throws(MigrationError) -> String {
    guard let file = fopen(path, "re") else { throw unreadable(path) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    guard ferror(file) == 0 else { throw unreadable(path) }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw MigrationError(.unreadable, file: lastPart(path), "the file is not UTF-8 text")
    }
    guard !bytes.contains(0) else {
      throw MigrationError(.unreadable, file: lastPart(path), "the file is not text: it holds a NUL byte")
    }
    return text
  }

  private static func unreadable(_ path: String) -> MigrationError {
    MigrationError(.unreadable, file: path, strerror(errno).map { String(cString: $0) } ?? "can't be read")
  }
}
