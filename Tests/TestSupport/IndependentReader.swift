/// Reads databases with Python's `sqlite3` module, which shares no code with this project.
public enum IndependentReader {
  /// The rows of a query, each with its values separated by `|`.
  ///
  /// - Throws: `SupportError` with what Python says where the database can't be read.
  public static func rows(_ sql: String, at path: String) throws -> [String] {
    let script = """
      import sqlite3, sys
      database = sqlite3.connect(sys.argv[1], isolation_level=None)
      database.text_factory = lambda bytes: bytes.decode(errors="replace")
      for row in database.execute(sys.argv[2]):
          print("|".join("NULL" if value is None else str(value) for value in row))
      """
    try Prerequisite.python.require()
    let text = try Tool.output(of: ["python3", "-c", script, path, sql])
    return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }
}
