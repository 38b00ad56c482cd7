import Basics
import Foundation
import Glibc

/// This machine's processes, as /proc shows them.
enum Processes {
  /// Every process one of whose arguments contains `text`.
  static func all(naming text: String) -> [pid_t] {
    all.filter { process in words(process).contains { $0.contains(text) } }
  }

  /// Every process.
  static var all: [pid_t] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
  }

  /// A process's arguments; one empty word where it has gone.
  static func words(_ process: pid_t) -> [String] { list(process, "cmdline") }

  /// A process's environment, as `NAME=value`.
  static func environment(_ process: pid_t) -> [String] { list(process, "environ") }

  /// Whether it is there, and no zombie.
  static func isAlive(_ process: pid_t) -> Bool {
    !["", "Z", "X"].contains(status(process, "State:").prefix(1))
  }

  /// How many files it has open that have no name any more, or never had one.
  static func unnamedFiles(of process: pid_t) -> Int {
    let folder = "/proc/\(process)/fd"
    return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).count { name in
      let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")
      return link?.hasPrefix("/") == true && link?.hasSuffix(" (deleted)") == true
    }
  }

  /// The process that started it.
  static func parent(_ process: pid_t) -> pid_t { pid_t(status(process, "PPid:")) ?? 0 }

  /// The process that holds the write lock of the database at `path`, which is in WAL mode; nil if none does.
  static func writer(to path: String) -> pid_t? {
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path + "-shm"),
      let number = (attributes[.systemFileNumber] as? NSNumber)?.uint64Value,
      let locks = text("locks")
    else { return nil }
    // 1: POSIX  ADVISORY  WRITE 4711 fd:00:12345 120 120
    for line in locks.split(separator: "\n") {
      let words = line.split(separator: " ")
      let isOurs = words.count == 8 && words[5].hasSuffix(":\(number)")
      if isOurs, words[3] == "WRITE", words[6] == "120" { return pid_t(words[4]) }
    }
    return nil
  }

  /// What a process does, for the message of a failed test: what each thread waits for, its locks, and its files.
  static func describe(_ process: pid_t) -> String {
    let folder = "/proc/\(process)"
    let names = { (path: String) in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] }
    let threads = names("\(folder)/task").map { "\($0): \(text("\(process)/task/\($0)/wchan") ?? "?")" }
    let locks = (text("locks") ?? "").split(separator: "\n").filter {
      $0.split(separator: " ").contains("\(process)")
    }
    let files = names("\(folder)/fd").compactMap {
      try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/fd/\($0)")
    }
    return (["process \(process), \(status(process, "State:"))"] + threads + locks.map(String.init) + files)
      .joined(separator: "\n")
  }

  /// The whole of a file in /proc; nil if it can't be read. Foundation takes the first short read for the end, and the
  /// kernel gives such files a page at a time.
  private static func text(_ name: String) -> String? {
    (try? readFile("/proc/\(name)")).map { String(decoding: $0, as: UTF8.self) }
  }

  private static func list(_ process: pid_t, _ name: String) -> [String] {
    (text("\(process)/\(name)") ?? "").split(separator: "\0", omittingEmptySubsequences: false).map(
      String.init)
  }

  private static func status(_ process: pid_t, _ key: String) -> String {
    let lines = (text("\(process)/status") ?? "").split(separator: "\n")
    let line = lines.first { $0.hasPrefix(key) } ?? ""
    return line.dropFirst(key.count).trimmingCharacters(in: .whitespaces)
  }
}

/// Waits until something is so, for some seconds at most; says whether it is.
func waits(_ seconds: Int, until condition: () throws -> Bool) rethrows -> Bool {
  for _ in 0..<(seconds * 50) {
    if try condition() { return true }
    usleep(20_000)
  }
  return try condition()
}
