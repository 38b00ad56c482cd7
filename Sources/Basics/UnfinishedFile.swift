internal import Glibc
public import SystemPackage

/// A file that appears under its name only when it is whole.
///
/// It is written under a temporary name in the same folder. `publish` syncs it, gives it its name and syncs the folder:
/// after a crash or a power cut there is the old file or the new one. Without `publish` the temporary file is removed
/// with the last reference, and a file that already has the name stays as it is.
public final class UnfinishedFile {
  /// The name that it gets.
  public let path: String
  private let file: OpenFile
  private var buffer: [UInt8] = []
  private var isPublished = false

  /// Makes the temporary file, in the place of one that a crash left; only this user may read it.
  ///
  /// - Parameters:
  ///   - path: the name that the file gets.
  ///   - temporary: the name that it has until then, in the same folder.
  /// - Throws: `SystemError` with the call `open`.
  public init(_ path: String, temporary: String) throws(SystemError) {
    self.path = path
    unlink(temporary)
    file = try OpenFile(temporary, .writeOnly, options: [.create, .exclusiveCreate, .noFollow])
  }

  deinit { if !isPublished { unlink(file.path) } }

  /// The descriptor of the temporary file, to lock it.
  public var descriptor: FileDescriptor { file.descriptor }

  /// Adds bytes at the end. Many small pieces are written together.
  ///
  /// - Throws: `SystemError` with the call `write`, for these bytes or for earlier ones.
  public func write(_ bytes: some Sequence<UInt8>) throws(SystemError) {
    buffer += bytes
    if buffer.count >= 65_536 { try flush() }
  }

  private func flush() throws(SystemError) {
    try file.write(buffer)
    buffer.removeAll(keepingCapacity: true)
  }

  /// Gives the file its name; nothing may be written any more.
  ///
  /// - Parameter permissions: those of the file, whatever the umask is; only this user may read it unless given.
  /// - Throws: `SystemError`; the file has its name only if all but the last step, the sync of the folder, succeeded.
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
