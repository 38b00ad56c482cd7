/// The files and folders of this machine that a container gets, under the same paths.
///
/// A fleet file may contain absolute paths, so nothing can be moved without changing the file.
struct ContainerPaths {
  struct Configuration { let volume, name, sources: String }
  struct Claim { let volume, name, folder: String }
  struct Mount {
    let volume, path: String
    var part: String?
    var isReadOnly = false

    var text: String {
      "- name: \(volume)\n  mountPath: \(Quoting.yaml(path))"
        + (part.map { "\n  subPath: \(Quoting.yaml($0))" } ?? "") + (isReadOnly ? "\n  readOnly: true" : "")
    }
  }

  private let check: ScheduledCheck

  init(_ check: ScheduledCheck) { self.check = check }

  /// The ConfigMaps with the fleet file and the migrations, and the sources for `kubectl create configmap`.
  var configuration: [Configuration] {
    let files = single.map { "--from-file=\(Quoting.shell("\(Self.last($0))=\($0)"))" }
    return [
      Configuration(volume: "fleet", name: check.name, sources: files.joined(separator: " ")),
      Configuration(
        volume: "migrations", name: "\(check.name)-migrations",
        sources: "--from-file=\(Quoting.shell(check.files.migrations))"),
    ]
  }

  /// The volumes with the databases.
  var claims: [Claim] {
    check.folders.enumerated().map { number, folder in
      let volume = "installations" + (check.folders.count == 1 ? "" : "-\(number + 1)")
      return Claim(volume: volume, name: "\(check.name)-\(volume)", folder: folder)
    }
  }

  /// Files are mounted individually: nothing can be mounted within a read-only mount, and state and installations may
  /// be in the same folder. Databases aren't read-only, since SQLite has to write beside a database in WAL mode.
  var mounts: [Mount] {
    claims.map { Mount(volume: $0.volume, path: $0.folder) }
      + single.map { Mount(volume: "fleet", path: $0, part: Self.last($0), isReadOnly: true) }
      + [
        Mount(volume: "migrations", path: check.files.migrations, isReadOnly: true),
        Mount(volume: "state", path: check.state), Mount(volume: "tmp", path: "/tmp"),
      ]
  }

  private var single: [String] {
    [check.files.fleet, check.files.baseline, check.files.schema].compactMap(\.self)
  }

  private static func last(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}
