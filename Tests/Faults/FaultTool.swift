import TestSupport

/// The scripts in `Tools`, the built `flotilla`, and the library that breaks its calls.
struct FaultTool {
  private static let scripts = "\(Repository.root)/Tests/Faults/Tools"
  private let folder: TemporaryFolder
  private var library: String { folder.file("shim.so") }

  /// Builds the library in a temporary folder.
  init() throws {
    folder = try TemporaryFolder()
    try Prerequisite.program("cc", package: "gcc libc6-dev").require()
    try Prerequisite.python.require()
    try Prerequisite.zstd.require()
    let built = try Tool.run(
      [
        "cc", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-o", library,
        "\(Self.scripts)/shim.c",
      ])
    guard built.status == 0 else { throw SupportError("shim.c can't be built: \(built.errors)") }
  }

  /// Runs a script to its end.
  func run(_ script: String, _ options: [String] = []) throws -> Tool.Result {
    try Tool.run(
      ["python3", "\(Self.scripts)/\(script)", Tool.buildFolder + "/flotilla", library] + options,
      environment: ["PYTHONDONTWRITEBYTECODE": "1"])
  }
}
