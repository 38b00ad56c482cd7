internal import Fleet
internal import Schema
internal import Synchronization
public import Upgrade
internal import Wire

/// Works on installations on a host by sending requests to the agent there.
public struct RemoteWorker: Worker {
  let hosts: HostPool
  let host: Host

  /// See `Worker`.
  public func inspect(_ path: String) -> Outcome { outcome(.inspect(path: path)) }

  /// See `Worker`.
  public func upgrade(_ path: String, backup: String, expecting expected: ExpectedState?) -> Outcome {
    outcome(.upgrade(path: path, backup: backup, expected: expected), backup: backup)
  }

  /// See `Worker`.
  public func adopt(
    _ path: String, _ decision: AdoptionDecision, schema fingerprint: String, backup: String
  ) -> Outcome {
    outcome(.adopt(path: path, decision: decision, schema: fingerprint, backup: backup), backup: backup)
  }

  /// See `Worker`.
  public func backUp(_ path: String, to destination: String) -> Outcome {
    outcome(.backUp(path: path, destination: destination), backup: destination)
  }

  /// See `Worker`.
  public func restore(_ path: String, from backup: BackupRecord, saving saved: String) -> Outcome {
    outcome(.restore(path: path, backup: backup, saved: saved), backup: saved)
  }

  /// See `Worker`.
  public func rehearse(_ path: String, in folder: String) -> Outcome {
    outcome(.rehearse(path: path, folder: folder))
  }

  /// See `Worker`.
  public func ask(_ path: String) -> DataAnswers {
    do throws(Failure) {
      let answer = try perform(.ask(path: path))
      let answers: DataAnswers = try answer.value { AnswerCheck.problem(in: $0, files: hosts.files) }
      guard hosts.retains(answers, of: answer.size) else { throw Self.tooMuch }
      return answers.bounded()
    } catch {
      return DataAnswers(error)
    }
  }

  /// See `Worker`.
  public func remove(_ backups: [String]) throws(Failure) {
    _ = try perform(.remove(backups: backups))
  }

  /// See `Worker`.
  public func backups(_ name: String, in folder: String, of runs: [String]) throws(Failure)
    -> [FoundBackup]
  {
    try perform(.backups(name: name, folder: folder, runs: runs)).value { found in
      AnswerCheck.problem(in: found, name, folder, runs)
    }
  }

  /// Copies a backup from the host to this machine.
  ///
  /// - Parameters:
  ///   - backup: the backup on the host.
  ///   - path: the new file on this machine.
  /// - Returns: the record of the new file, which has the same size and digest.
  /// - Throws: `Failure`; no file is left behind.
  public func fetch(_ backup: BackupRecord, to path: String) throws(Failure) -> BackupRecord {
    let copy = BackupRecord(path: path, bytes: backup.bytes, sha256: backup.sha256)
    let incoming = Mutex(Download(try IncomingBackup(copy)))
    let receiver = Receiver(bytes: backup.bytes) { piece in incoming.withLock { $0.take(piece) } }
    do throws(Failure) {
      _ = try perform(.fetch(backup), receiving: receiver)
    } catch {
      // The connection may still refer to the receiver for a moment.
      incoming.withLock { $0.file.discard() }
      throw error
    }
    let failure: Failure? = incoming.withLock { incoming in
      do throws(Failure) {
        if let failure = incoming.failure { return failure }
        try incoming.file.finish()
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
    return copy
  }

  /// A file that is arriving, and the first failure to write it.
  private struct Download: ~Copyable {
    let file: IncomingBackup
    var failure: Failure?

    init(_ file: sending IncomingBackup) { self.file = file }

    mutating func take(_ piece: [UInt8]) {
      guard failure == nil else { return }
      do throws(Failure) { try file.append(piece) } catch { failure = error }
    }
  }

  /// Copies a backup from this machine to the host.
  ///
  /// - Parameters:
  ///   - path: the file on this machine.
  ///   - backup: the path on the host, and the expected size and digest.
  /// - Throws: `Failure`; no file is left behind.
  public func store(_ path: String, as backup: BackupRecord) throws(Failure) {
    _ = try hosts.perform(.store(backup), on: host) { send in
      try readBackup(at: path, of: backup.bytes, length: WireProtocol.piece, send)
    }
  }

  private func perform(_ request: Request, receiving: Receiver? = nil) throws(Failure) -> Answer {
    try hosts.perform(request, on: host, receiving: receiving)
  }

  private static var tooMuch: Failure {
    Failure(
      code: .protocolFault, step: .inspect,
      message:
        "the hosts sent more than \(MemoryBudget.total >> 20) MB of differences from their schemas or of questions, "
        + "each others; those of this one were not taken")
  }

  /// Sends a request that is answered by an outcome. `backup` is where the work stores its backup; nil if it makes
  /// none.
  private func outcome(_ request: Request, backup: String? = nil) -> Outcome {
    do throws(Failure) {
      let answer = try perform(request)
      let outcome: Outcome = try answer.value {
        AnswerCheck.problem(in: $0, backup: backup)
          ?? AnswerCheck.problem(inAdoptionOf: $0, versions: hosts.migrations)
      }
      guard hosts.retains(outcome, of: answer.size) else { throw Self.tooMuch }
      return outcome.bounded()
    } catch {
      return Outcome(error, status: error.code == .internalError ? .failed : .unreachable)
    }
  }
}
