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

  private static let verbs: Set = [
    "add", "allow", "backfill", "change", "clear", "consolidate", "convert", "copy", "create", "delete",
    "drop",
    "enforce", "fill", "fix", "give", "index", "link", "make", "merge", "move", "normalize", "rebuild",
    "record",
    "remember", "remove", "rename", "replace", "require", "seed", "set", "shorten", "split", "tie", "trim",
    "unify",
    "update",
  ]

  /// Whether a name is valid as the name of a migration.
  public static func isValid(_ name: String) -> Bool {
    MigrationFiles.format.isValid(name)
  }

  /// Whether a name begins with a verb that says what the migration does, as is the custom.
  public static func hasVerb(_ name: String) -> Bool {
    verbs.contains(name.prefix { $0 != "_" }.lowercased())
  }

  /// A valid name derived from a text; nil if no valid name can be derived.
  public static func suggestion(for text: String) -> String? {
    let words = text.lowercased().replacing("e-mail", with: "e_mail").split {
      !($0.isASCII && ($0.isLetter || $0.isNumber))
    }
    let name = words.joined(separator: "_")
    return isValid(name) ? name : nil
  }

  /// Determines the version for a migration called `name`.
  ///
  /// - Throws: `MigrationError` if the folder can't be read, or a file in it doesn't have a valid name, because its
  ///   version is then unknown.
  public init(_ name: String, in folder: String) throws(MigrationError) {
    let next = try MigrationFiles.format.nextFile(name, after: MigrationFiles.names(in: folder))
    version = next.version
    path = "\(folder)/\(next.file)"
  }

  /// Writes the template to the path. It never overwrites an existing file.
  ///
  /// No command accepts the template unchanged, so it can't be applied before somebody has written a migration into it.
  /// - Throws: `MigrationError` if the file can't be created or already exists.
  public func write() throws(MigrationError) {
    do throws(SystemError) {
      let file = try OpenFile(
        path, .writeOnly, options: [.create, .exclusiveCreate],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      do throws(SystemError) {
        try file.write(MigrationFiles.format.template.utf8)
      } catch {
        unlink(path)
        throw error
      }
    } catch {
      throw MigrationError(.unreadable, file: path, error.text)
    }
  }
}
