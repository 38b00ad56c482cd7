internal import Basics
internal import Glibc
internal import SQLite

/// Upgrades a private copy with the same code that upgrades the installation itself.
///
/// Making and checking the copy takes the place of the backup.
struct Rehearsal {
  let inspector: Inspector
  let preflight: Preflight
  let path: String
  let folder: String

  func run() -> Outcome {
    let deadline = inspector.deadline
    do {
      let copies = try CopyFolder(folder)
      defer { copies.remove() }
      let copy = "\(folder)/copy.sqlite"
      try makeCopy(copy, by: deadline)
      return inspector.upgrade(copy, backup: nil, by: deadline)
    } catch {
      return Outcome(Failure(error, at: .backUp))
    }
  }

  private func makeCopy(_ copy: String, by deadline: Deadline) throws {
    let file = try DatabaseFile.inspect(path).get()
    let real = FileSystem.realPath(path) ?? path
    // A copy can't show whether the database and its folder, which gets the journal, are writable.
    for (path, what) in [(real, "the file"), (parentFolder(of: real), "its folder")]
    where access(path, W_OK) != 0 {
      throw unwritable(path, what)
    }
    let size = file.bytes + (FileSystem.size(real + "-wal") ?? 0)
    if let failure = preflight.lack(of: 2 * size, for: "a copy and its journal", in: folder) { throw failure }
    let options = inspector.options
    let writer = BackupWriter(check: options.check, busyTimeout: options.busyTimeout, deadline: deadline)
    try inspector.reader.read(path, file, by: deadline) { database in
      try BackupWriter.create(copy)
      try writer.fill(copy, from: database)
    }
    guard options.check != .none else { return }
    let database = try Connection(path: copy, access: .immutable, deadline: deadline)
    defer { database.close() }
    let check = options.check == .quick ? "quick_check" : "integrity_check"
    try BackupWriter.checkIntegrity(database, check, of: "the database")
  }
}
