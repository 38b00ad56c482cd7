internal import Glibc
internal import Synchronization

/// A mounted file system.
struct Mount: Hashable {
  let point: String
  /// The kernel's name of the file system, such as `ext4`, `nfs4` or `fuse.sshfs`.
  let type: String

  /// Whether other machines can write to the file system, so that locks and a log's shared memory are unreliable.
  var isNetwork: Bool { Self.isNetwork(type) }

  /// Decides by the type alone. A FUSE file system has the name of its program after the dot.
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

  /// Parses the kernel's list in the format of proc_pid_mountinfo(5). A later mount hides earlier ones below it.
  static func list(_ text: String) -> [Mount] {
    text.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ")
      guard let dash = fields.firstIndex(of: "-"), dash > 4, dash + 1 < fields.count else { return nil }
      return Mount(point: unescaped(fields[4]), type: String(fields[dash + 1]))
    }
  }

  /// Decodes octal escapes, such as `\040` for a space.
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

  /// The mount that contains a path: the deepest one above it, and the last of several at the same point.
  static func of(_ path: String, in mounts: [Mount]) -> Mount? {
    var found: Mount?
    for mount in mounts where mount.point.utf8.count >= found?.point.utf8.count ?? 0 {
      let isAbove = mount.point == "/" || path == mount.point || path.hasPrefix(mount.point + "/")
      if isAbove { found = mount }
    }
    return found
  }
}

/// The mounted file systems. The kernel is asked once for each of them.
final class Mounts: Sendable {
  private let list: @Sendable () -> String?
  private let known = Mutex<[UInt64: Mount]>([:])

  /// Creates a list of mounts from the text that `list` returns, in the kernel's format.
  init(_ list: @escaping @Sendable () -> String? = { ProcessFiles.text("/proc/self/mountinfo") }) {
    self.list = list
  }

  /// The mount that contains the file at a path; nil if it can't be determined.
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
