internal import Basics
internal import Glibc
internal import SystemPackage

/// Stores backups as files in a folder, with a subfolder for each run.
///
/// A file gets its name when it is complete and synced; until then it is called `NAME.sqlite.part`. The subfolder of a
/// run is removed with its last backup.
struct BackupFolder: BackupDestination {
  let address: String

  init(_ path: String) { address = path }

  func begin(_ run: String) throws(Failure) { try DurableFolder.make(place(of: run)) }

  func end(_ run: String) {
    for file in (try? names(in: place(of: run))) ?? [] where file.hasSuffix(Self.unfinished) {
      unlink("\(place(of: run))/\(file)")
    }
    rmdir(place(of: run))
  }

  func put(_ location: String) throws(Failure) -> any UnfinishedBackup { try FileOfBackup(location) }

  func open<T>(_ location: String, _ body: (String) throws -> T) throws -> T { try body(location) }

  func has(_ location: String) -> Bool { access(location, F_OK) == 0 }

  func runs() throws(Failure) -> [String] { try names(in: address) }

  func list(_ run: String) throws(Failure) -> [String] {
    try names(in: place(of: run)).filter { $0.hasSuffix(".sqlite") }.map { "\(place(of: run))/\($0)" }
  }

  func remove(_ location: String) throws(Failure) {
    guard unlink(location) == 0 || errno == ENOENT else {
      throw BackupWriter.failure("can't remove \(location)")
    }
    rmdir(parentFolder(of: location))
  }

  func room() -> BackupRoom? {
    let folder = FileSystem.nearest(address)
    return FileSystem.room(in: folder).map {
      BackupRoom(free: $0, place: folder, device: FileSystem.device(folder))
    }
  }

  private static let unfinished = ".part"

  /// The names in a folder; empty if the folder doesn't exist.
  private func names(in folder: String) throws(Failure) -> [String] {
    do throws(SystemError) {
      return try namesInFolder(folder)
    } catch  where error.code == .noSuchFileOrDirectory {
      return []
    } catch {
      throw BackupWriter.failure("can't list the folder \(folder)", error.code)
    }
  }

  /// An unfinished backup: a file beside the backup's final name.
  private final class FileOfBackup: UnfinishedBackup {
    let file: String
    private let location: String

    init(_ location: String) throws(Failure) {
      self.location = location
      file = location + BackupFolder.unfinished
      try BackupWriter.create(file)
    }

    func publish() throws(Failure) {
      do throws(SystemError) {
        try renameDurably(file, to: location)
      } catch {
        throw BackupWriter.failure("can't \(error.call) \(error.path)", error.code)
      }
    }

    func discard() {
      unlink(file)
      rmdir(parentFolder(of: file))
    }
  }
}
