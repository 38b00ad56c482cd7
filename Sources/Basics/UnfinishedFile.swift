internal import Glibc
public import SystemPackage

/// A file that appears under its name only when it is complete.
///
/// It is written under a temporary name in the same folder. `publish` syncs it, renames it and syncs the folder, so
/// that after a crash or a power failure either the old or the new file exists. Without `publish`, the temporary file
/// is removed with the last reference, and an existing file of the final name is unchanged.
public final class UnfinishedFile {
  /// The final path of the file.
  public let path: String
  private let file: OpenFile
  private var buffer: [UInt8] = []
  private var isPublished = false

  /// Creates the temporary file, replacing one that a crash left. Only this user may read it.
  ///
  /// - Parameters:
  ///   - path: the final path of the file.
  ///   - temporary: the temporary path, in the same folder.
  /// - Throws: `SystemError` with the call `open`.
  public init(_ path: String, temporary: String) throws(SystemError) {
    self.path = path
    unlink(temporary)
    file = try OpenFile(temporary, .writeOnly, options: [.create, .exclusiveCreate, .noFollow])
  }

  deinit { if !isPublished { unlink(file.path) } }

  /// The descriptor of the temporary file, for locking it.
  public var descriptor: FileDescriptor { file.descriptor }

  /// Appends bytes. Small pieces are collected and written together.
  ///
  /// - Throws: `SystemError` with the call `write`, for these or earlier bytes.
  public func write(_ bytes: some Sequence<UInt8>) throws(SystemError) {
    buffer += bytes
    if buffer.count >= 65_536 { try flush() }
  }

  private func flush() throws(SystemError) {
    try file.write(buffer)
    buffer.removeAll(keepingCapacity: true)
  }

  /// Syncs the file and gives it its final name. Nothing may be written afterwards.
  ///
  /// - Parameter permissions: the file's permissions, independent of the umask; by default, only this user may read and
  ///   write it.
  /// - Throws: `SystemError`. The file has its final name only if the last step, syncing the folder, is the one that
  ///   failed.
  public func publish(permissions: FilePermissions? = nil) throws(SystemError) {
    try flush()
    if let permissions {
      try SystemError.checking("chmod", file.path) { fchmod(descriptor.rawValue, permissions.rawValue) }
    }
    try file.sync()
    do throws(SystemError) {
      try renameDurably(file.path, to: path)
    } catch {
      isPublished = error.call != "rename"
      throw error
    }
    isPublished = true
  }
}
