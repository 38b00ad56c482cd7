internal import Glibc
internal import Subprocess
internal import SystemPackage

/// Runs a program with Subprocess.
extension Program {
  func execute(_ outputs: Outputs) async -> ProgramRun.Termination {
    do {
      switch try await execute(reading: input, outputs) {
      case .exited(let status): return .exited(status)
      case .signaled(let signal): return .signaled(signal)
      }
    } catch is Outputs.TooLong {
      return .tooLong
    } catch let error as SubprocessError {
      return termination(error)
    } catch {
      return .failed("\(error)")
    }
  }

  /// Runs the program with its input in an unnamed file. With a pipe, a program that doesn't read its input would end
  /// this process by SIGPIPE.
  private func execute(reading input: [UInt8], _ outputs: Outputs) async throws -> TerminationStatus {
    guard !input.isEmpty else { return try await execute(input: .none, outputs) }
    guard let file = tmpfile() else { throw Errno(rawValue: errno) }
    defer { fclose(file) }
    guard pwrite(fileno(file), input, input.count, 0) == input.count else { throw Errno(rawValue: errno) }
    let descriptor = FileDescriptor(rawValue: fileno(file))
    return try await execute(
      input: .fileDescriptor(descriptor, closeAfterSpawningProcess: false), outputs)
  }

  private func execute(
    input: some InputProtocol, _ outputs: Outputs
  ) async throws -> TerminationStatus {
    guard outputs.areJoined else {
      return try await Subprocess.run(configuration, input: input, output: .sequence, error: .sequence) {
        run in
        async let errors: Void = {
          for try await buffer in run.standardError {
            outputs.add(errors: buffer.withUnsafeBytes(Array.init))
          }
        }()
        for try await buffer in run.standardOutput {
          try outputs.add(output: buffer.withUnsafeBytes(Array.init))
        }
        try await errors
      }.terminationStatus
    }
    return try await Subprocess.run(
      configuration, input: input, output: .sequence, error: .combinedWithOutput
    ) { run in
      for try await buffer in run.standardOutput {
        try outputs.add(output: buffer.withUnsafeBytes(Array.init))
      }
    }.terminationStatus
  }

  private var configuration: Configuration {
    var options = PlatformOptions()
    options.createSession = hasOwnSession
    // Applies if the task is cancelled or reading ends early. SIGKILL is sent at once: after a milder signal, the
    // group's leader could end and leave members behind that ignore it.
    options.teardownSequence = [
      .send(signal: .kill, toProcessGroup: hasOwnSession, allowedDurationToNextStep: .zero)
    ]
    let variables = environment.map { name, value in Array("\(name)=\(value)\0".utf8) }
    return Configuration(
      executable: executable, arguments: Arguments(Array(arguments.dropFirst())),
      environment: .custom(variables), workingDirectory: folder.map { FilePath($0) }, platformOptions: options
    )
  }

  private var name: String { arguments.first ?? "" }
  private var isPath: Bool { name.contains("/") }
  private var executable: Executable { isPath ? .path(FilePath(name)) : .name(name) }

  private func termination(_ error: SubprocessError) -> ProgramRun.Termination {
    switch error.code {
    case .executableNotFound:
      // Subprocess reports a file that isn't executable as not found.
      return .notStarted(isPath && access(name, X_OK) != 0 ? errno : ENOENT)
    case .spawnFailed: return .notStarted(error.underlyingError?.rawValue ?? EINVAL)
    default: return .failed(error.description)
    }
  }
}
