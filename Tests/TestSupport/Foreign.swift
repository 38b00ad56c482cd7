/// SQLite as another program has it: without the limits of this one.
public enum Foreign {
  /// Runs one statement through Python's SQLite and commits it.
  public static func execute(_ sql: String, at path: String) throws {
    let script = """
      import sqlite3, sys
      database = sqlite3.connect(sys.argv[1])
      database.execute(sys.argv[2])
      database.commit()
      """
    try Prerequisite.python.require()
    try Tool.output(of: ["python3", "-c", script, path, sql])
  }
}
