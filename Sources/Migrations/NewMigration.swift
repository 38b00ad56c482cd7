internal import Basics
internal import Glibc
public import Schema
internal import SystemPackage

/// Version and path of the next migration file in a folder.
public struct NewMigration {
  /// The file's version: one more than the highest.
  public let version: MigrationVersion
  /// The path of the file.
  public let path: String
  private let format: any MigrationFormat

  private static let verbs: Set = [
    "add", "allow", "backfill", "change", "clear", "consolidate", "convert", "copy", "create", "delete",
    "drop",
    "enforce", "fill", "fix", "give", "index", "link", "make", "merge", "move", "normalize", "rebuild",
    "record",
    "remember", "remove", "rename", "replace", "require", "seed", "set", "shorten", "split", "tie", "trim",
    "unify",
    "update",
  ]

  /// Whether a name begins with a verb that says what the migration does, as is the custom.
  public static func hasVerb(_ name: String) -> Bool {
    verbs.contains(name.prefix { $0 != "_" }.lowercased())
  }

  /// Why a name is not valid as the name of a migration, with a valid one that is like it; nil if it is valid.
  ///
  /// - Throws: `MigrationError` if the format of the folder's files is unknown.
  public static func problem(of name: String, in folder: MigrationFolder) throws(MigrationError) -> String? {
    let format = try MigrationFiles.format(of: folder, MigrationFiles.paths(in: folder.path))
    guard !format.isValid(name) else { return nil }
    let words = name.lowercased().replacing("e-mail", with: "e_mail").split {
      !($0.isASCII && ($0.isLetter || $0.isNumber))
    }
    let valid = words.joined(separator: "_")
    let hint = format.isValid(valid) ? "; did you mean \(valid)?" : ""
    return "\"\(name)\" is no name for a migration: lower-case letters, digits and underscores\(hint)"
  }

  /// Determines version and path for a migration called `name`.
  ///
  /// - Throws: `MigrationError` if the folder can't be read, or a file in it doesn't have a valid name, because its
  ///   version is then unknown.
  public init(_ name: String, in folder: MigrationFolder) throws(MigrationError) {
    let paths = try MigrationFiles.paths(in: folder.path)
    format = try MigrationFiles.format(of: folder, paths)
    let next = try format.nextFile(name, after: paths.filter(format.includes))
    version = next.version
    path = "\(folder.path)/\(next.file)"
  }

  /// Writes the template to the path, and creates the file's folder if the format has one for each migration. It never
  /// overwrites an existing file.
  ///
  /// No command accepts the template unchanged, so it can't be applied before somebody has written a migration into it.
  /// - Throws: `MigrationError` if the file can't be created or already exists.
  public func write() throws(MigrationError) {
    let folder = parentFolder(of: path)
    guard mkdir(folder, 0o777) == 0 || errno == EEXIST else {
      throw MigrationError(.unreadable, file: folder, SystemError(call: "mkdir", path: folder).text)
    }
    do throws(SystemError) {
      let file = try OpenFile(
        path, .writeOnly, options: [.create, .exclusiveCreate],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      do throws(SystemError) {
        try file.write(format.template.utf8)
      } catch {
        unlink(path)
        throw error
      }
    } catch {
      throw MigrationError(.unreadable, file: path, error.text)
    }
  }
}
