internal import Foundation

/// SQLite as another program has it: without the limits of this one.
public enum Foreign {
  /// Runs one statement through Python's SQLite and commits it.
  public static func execute(_ sql: String, at path: String) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    let script = """
      import sqlite3, sys
      database = sqlite3.connect(sys.argv[1])
      database.execute(sys.argv[2])
      database.commit()
      """
    process.arguments = ["python3", "-c", script, path, sql]
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw SupportError("python3 could not run \(sql)") }
  }
}
