public import Testing

/// The programs that read reports, in Tests/ReportTests/Tools.
public enum ReportReader {
  /// Runs a script of Tools to its end.
  public static func run(_ script: String, _ arguments: [String]) throws -> Tool.Result {
    try Tool.run(
      ["python3", "-B", "\(Repository.root)/Tests/ReportTests/Tools/\(script)"] + arguments,
      environment: ["PYTHONPATH": Repository.packages])
  }

  /// Runs a script of Tools and expects it to find nothing.
  public static func expectApproval(
    _ script: String, _ arguments: String..., location: SourceLocation = #_sourceLocation
  ) throws {
    let result = try run(script, arguments)
    #expect(result.status == 0, "\(result.output)\(result.errors)", sourceLocation: location)
  }
}
