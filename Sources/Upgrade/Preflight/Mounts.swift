internal import Glibc
internal import Synchronization

/// A file system and where it is mounted.
struct Mount: Hashable {
  let point: String
  /// As the kernel calls it, such as `ext4`, `nfs4` or `fuse.sshfs`.
  let type: String

  /// Whether other machines write to it too, so that locks and the shared memory of a log can't be relied on.
  var isNetwork: Bool { Self.isNetwork(type) }

  /// Tells by the type alone. What is mounted through FUSE is named behind a dot.
  static func isNetwork(_ type: String) -> Bool {
    guard type.hasPrefix("fuse.") else { return networkTypes.contains(type) }
    return networkPrograms.contains(String(type.dropFirst(5)))
  }

  private static let networkTypes: Set = [
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "gfs2", "ocfs2", "lustre", "beegfs", "gpfs",
  ]
  private static let networkPrograms: Set = [
    "sshfs", "glusterfs", "s3fs", "ceph", "ceph-fuse", "rclone", "gcsfuse", "goofys", "juicefs", "curlftpfs",
    "mfs",
  ]

  /// Reads the kernel's list, as proc_pid_mountinfo(5) lays it out; a later mount hides what is below it.
  static func list(_ text: String) -> [Mount] {
    text.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ")
      guard let dash = fields.firstIndex(of: "-"), dash > 4, dash + 1 < fields.count else { return nil }
      return Mount(point: unescaped(fields[4]), type: String(fields[dash + 1]))
    }
  }

  /// A space is written `\040`.
  private static func unescaped(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3)
      if byte == UInt8(ascii: "\\"), digits.count == 3,
        let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
      {
        bytes.append(value)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The mount that a path is on: the deepest one above it, and of those in one place the last.
  static func of(_ path: String, in mounts: [Mount]) -> Mount? {
    var found: Mount?
    for mount in mounts where mount.point.utf8.count >= found?.point.utf8.count ?? 0 {
      let isAbove = mount.point == "/" || path == mount.point || path.hasPrefix(mount.point + "/")
      if isAbove { found = mount }
    }
    return found
  }
}

/// What is mounted where, asked once for each file system.
final class Mounts: Sendable {
  private let list: @Sendable () -> String?
  private let known = Mutex<[UInt64: Mount]>([:])

  /// Reads what `list` gives, in the form of the kernel's list.
  init(_ list: @escaping @Sendable () -> String? = { ProcessFiles.text("/proc/self/mountinfo") }) {
    self.list = list
  }

  /// The mount that the file behind a path is on; nil where that can't be told.
  func mount(of path: String) -> Mount? {
    guard let device = FileSystem.device(path) else { return nil }
    if let mount = known.withLock({ $0[device] }) { return mount }
    guard let real = FileSystem.realPath(path), let text = list(),
      let mount = Mount.of(real, in: Mount.list(text))
    else { return nil }
    known.withLock { $0[device] = mount }
    return mount
  }
}
