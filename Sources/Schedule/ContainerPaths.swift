/// What a container is given of this machine: the same files under the same paths.
///
/// A fleet file may name absolute paths, so nothing can be moved without changing it.
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

  /// The ConfigMaps with fleet file and migrations, and what `kubectl create configmap` makes them from.
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

  /// A file is mounted by itself: a mount within one that is read-only can't be made, and state and installations may
  /// be in the same folder. SQLite has to write beside a database that is in WAL mode, so those aren't read-only.
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
