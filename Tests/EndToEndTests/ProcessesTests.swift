import Foundation
import Glibc
import SQLite
import TestSupport
import Testing

/// What tests see of other processes.
@Suite struct ProcessesTests {
  @Test func `a writer is found however many locks there are`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.database("app.sqlite", "PRAGMA journal_mode=WAL; CREATE TABLE t (a)")
    #expect(Processes.writer(to: path) == nil)
    let database = try Connection(path: path, access: .readWrite)
    defer { database.close() }
    try database.beginTransaction()
    // A page of /proc/locks has about 75 lines; newer locks come first.
    var files: [Int32] = []
    defer { for file in files { close(file) } }
    for number in 0..<300 {
      let file = open(folder.file("lock\(number)"), O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
      try #require(file >= 0)
      files.append(file)
      var lock = flock()
      (lock.l_type, lock.l_whence, lock.l_len) = (Int16(F_WRLCK), Int16(SEEK_SET), 1)
      try #require(fcntl(file, F_SETLK, &lock) == 0)
    }
    #expect(Processes.writer(to: path) == getpid())
  }
}
