internal import Basics
internal import Glibc
public import Schema
internal import SystemPackage

/// The next migration file of a folder.
public struct NewMigration {
  /// Its number: one more than the highest.
  public let version: MigrationVersion
  /// Where it goes.
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

  /// Whether a name can be a migration's.
  public static func isValid(_ name: String) -> Bool {
    MigrationFiles.format.isValid(name)
  }

  /// Whether a name begins with what the migration does, as is the custom.
  public static func hasVerb(_ name: String) -> Bool {
    verbs.contains(name.prefix { $0 != "_" }.lowercased())
  }

  /// The valid name that is nearest to a text; nil where nothing of it could be one.
  public static func suggestion(for text: String) -> String? {
    let words = text.lowercased().replacing("e-mail", with: "e_mail").split {
      !($0.isASCII && ($0.isLetter || $0.isNumber))
    }
    let name = words.joined(separator: "_")
    return isValid(name) ? name : nil
  }

  /// Finds the number for `name`.
  ///
  /// - Throws: `MigrationError` where the folder can't be read, or a file in it has no migration's name, whose number
  ///   would not be known.
  public init(_ name: String, in folder: String) throws(MigrationError) {
    let next = try MigrationFiles.format.nextFile(name, after: MigrationFiles.names(in: folder))
    version = next.version
    path = "\(folder)/\(next.file)"
  }

  /// Writes the template; a file that is there is never touched.
  ///
  /// As it is written no command accepts it, so that it can't be applied before it says something.
  /// - Throws: `MigrationError` where the file can't be made.
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
