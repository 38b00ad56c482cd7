internal import Basics
internal import Crypto
internal import FoundationEssentials
internal import SQLite
public import Schema

/// Files of Atlas (https://atlasgo.io), such as `20240101120000_create_users.sql`, with their checksums in `atlas.sum`.
/// They are recorded in `atlas_schema_revisions`.
public struct AtlasFormat: MigrationFormat {
  private static let sums = "atlas.sum"

  /// Creates the format, which has no options.
  public init() {}

  /// `atlas`
  public var name: String { "atlas" }

  /// Empty: the tool begins its files itself.
  public var template: String { "" }

  /// Accepts `atlas.sum`, and `.sql` files in the folder itself.
  public func includes(_ path: String) -> Bool { path == Self.sums || FlotillaFormat().includes(path) }

  /// Whether there is a file `atlas.sum`.
  public func recognizes(_ paths: [String], reading text: (String) -> String?) -> Bool {
    paths.contains(Self.sums)
  }

  /// Reads whole files, and compares them with `atlas.sum`.
  public func read(_ files: [MigrationFiles.File]) -> (migrations: [Migration], faults: [MigrationError]) {
    let scripts = files.filter { $0.name != Self.sums }
    let read = readEach(scripts) { file throws(MigrationError) in
      let stem = file.name.dropLast(4)
      let version = stem.prefix { $0 != "_" }
      var isOutside = false
      for marker in try MarkedFile(file, prefix: "atlas:").markers {
        let words = marker.text.split(separator: " ").map(String.init)
        switch words.first {
        case "atlas:txmode": isOutside = words.dropFirst().first == "none"
        case "atlas:nolint": break
        default:
          throw MigrationError(
            .format, file: file.name, line: marker.line + 1,
            "'-- \(marker.text)' changes how Atlas reads or runs the file, and is not supported here")
        }
      }
      return .foreign(
        version: MigrationVersion(String(version)), name: String(stem.dropFirst(version.count + 1)),
        file: file,
        isOutsideTransaction: isOutside)
    }
    return (read.migrations, read.faults + Self.misordered(read.migrations) + Self.checked(files, scripts))
  }

  /// An error if `atlas.sum` is missing or doesn't have the sums of these files.
  private static func checked(_ files: [MigrationFiles.File], _ scripts: [MigrationFiles.File])
    -> [MigrationError]
  {
    let expected = summary(of: scripts).split(whereSeparator: \.isNewline).map(String.init)
    let lines = files.first { $0.name == Self.sums }?.text.split(whereSeparator: \.isNewline).map(String.init)
    guard lines?.elementsEqual(expected) == true else {
      return [
        MigrationError(
          .format, file: Self.sums,
          "it is missing, or doesn't have the sums of these files: run atlas migrate hash where the files are meant so"
        )
      ]
    }
    return []
  }

  /// The content of `atlas.sum`: the sum of all lines below, and the sum of each file.
  static func summary(of files: [MigrationFiles.File]) -> String {
    let sums = self.sums(of: files)
    var whole = SHA256()
    for (file, sum) in sums { whole.update(data: Array((file + sum).utf8)) }
    let lines =
      ["h1:" + Data(whole.finalize()).base64EncodedString()] + sums.map { "\($0.file) h1:\($0.sum)" }
    return lines.map { $0 + "\n" }.joined()
  }

  /// The running sums: each is over the names and contents of all files up to that one.
  static func sums(of files: [MigrationFiles.File]) -> [(file: String, sum: String)] {
    var hash = SHA256()
    return files.map { file in
      hash.update(data: Array(file.name.utf8))
      hash.update(data: Array(file.text.utf8))
      return (file.name, Data(hash.finalize()).base64EncodedString())
    }
  }

  /// Returns `atlas_schema_revisions`, or the table that fleet.yml names.
  public func historyTable(
    _ migrations: [Migration], _ folder: MigrationFolder
  ) throws(MigrationError) -> any HistoryTable {
    let table = folder.table ?? "atlas_schema_revisions"
    let names = migrations.namesByVersion
    let files = migrations.map { MigrationFiles.File(name: $0.file, text: $0.text) }
    let sums = Dictionary(Self.sums(of: files).map { ($0.file, $0.sum) }) { first, _ in first }
    return ToolHistoryTable(
      tool: "Atlas", name: table,
      create: [
        """
        CREATE TABLE IF NOT EXISTS \(quoted(table)) (`version` text NOT NULL, `description` text NOT NULL,
          `type` integer NOT NULL DEFAULT (2), `applied` integer NOT NULL DEFAULT (0),
          `total` integer NOT NULL DEFAULT (0), `executed_at` datetime NOT NULL, `execution_time` integer NOT NULL,
          `error` text NULL, `error_stmt` text NULL, `hash` text NOT NULL, `partial_hashes` json NULL,
          `operator_version` text NOT NULL, PRIMARY KEY (`version`))
        """
      ],
      columns: ["version", "description", "applied", "total", "hash", "error", "type"], known: migrations,
      decode: { row in
        guard let text = row[0].asText else { return .unreadable }
        // Atlas keeps identifiers of its own in rows whose version begins with a point.
        if text.hasPrefix(".") { return .none }
        let version = MigrationVersion(text)
        guard let applied = row[2].integer, let total = row[3].integer, let type = row[6].integer else {
          return .unreadable
        }
        // `atlas migrate set` adds 4 to the type of a migration that somebody has completed by hand.
        let isResolved = type & 4 != 0
        let trouble =
          applied < total
          ? "Atlas ran \(applied) of its \(total) statements"
          : row[5].text.flatMap { $0.isEmpty ? nil : "Atlas has recorded an error: \($0)" }
        let reason = isResolved ? nil : trouble
        // The first bit marks the version up to which a database was taken over.
        if type & 1 != 0, reason == nil { return .baseline(version) }
        return .applied(
          RecordedMigration(
            version, row[1].text ?? names[version] ?? "", checksum: row[4].text, unfinished: reason))
      },
      insert: { migration, milliseconds in
        let count = Value.integer(Int64(migration.steps.flatMap(\.statements).count))
        return [
          (
            """
            INSERT INTO \(quoted(table)) (version, description, type, applied, total, executed_at, execution_time, error,
              error_stmt, hash, partial_hashes, operator_version)
            VALUES (?, ?, 2, ?3, ?3, strftime('%Y-%m-%d %H:%M:%f', 'now') || '+00:00', ?4, '', '', ?5, 'null', 'flotilla')
            """,
            [
              .text("\(migration.version ?? 0)"), .text(migration.name), count,
              .integer(Int64(milliseconds * 1_000_000)), .text(sums[migration.file] ?? ""),
            ]
          )
        ]
      },
      delete: { ("DELETE FROM \(quoted(table)) WHERE version = ?", [.text("\($0)")]) },
      settle: { version, isApplied in
        let change = "SET applied = total, error = '', error_stmt = ''"
        let verb = isApplied ? "UPDATE \(quoted(table)) \(change)" : "DELETE FROM \(quoted(table))"
        return ("\(verb) WHERE version = ? AND (applied < total OR error <> '')", [.text("\(version)")])
      },
      checksum: { text, migration in
        // The sum of a file depends on those before it.
        let before = files.prefix { $0.name != migration.file }
        return Self.sums(of: before + [.init(name: migration.file, text: text)]).last?.sum ?? ""
      }, ChecksumRules(isCumulative: true))
  }

  /// Fails: a new file has to be in `atlas.sum`, which Atlas writes.
  public func nextFile(
    _ name: String, after paths: [String]
  ) throws(MigrationError) -> (version: MigrationVersion, file: String) {
    throw MigrationError(.format, file: Self.sums, "Atlas begins its files itself: atlas migrate new \(name)")
  }
}
