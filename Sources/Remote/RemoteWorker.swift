internal import Fleet
internal import Synchronization
public import Upgrade
internal import Wire

/// Has the work done on a host.
public struct RemoteWorker: Worker {
  let hosts: HostPool
  let host: Host

  /// See `Worker`.
  public func inspect(_ path: String) -> Outcome { outcome(.inspect(path: path)) }

  /// See `Worker`.
  public func upgrade(_ path: String, backup: String) -> Outcome {
    outcome(.upgrade(path: path, backup: backup))
  }

  /// See `Worker`.
  public func backUp(_ path: String, to destination: String) -> Outcome {
    outcome(.backUp(path: path, destination: destination))
  }

  /// See `Worker`.
  public func restore(_ path: String, from backup: BackupRecord, saving saved: String) -> Outcome {
    outcome(.restore(path: path, backup: backup, saved: saved))
  }

  /// See `Worker`.
  public func rehearse(_ path: String, in folder: String) -> Outcome {
    outcome(.rehearse(path: path, folder: folder))
  }

  /// See `Worker`.
  public func remove(_ backups: [String]) throws(Failure) {
    _ = try perform(.remove(backups: backups))
  }

  /// See `Worker`.
  public func backups(_ name: String, in folder: String, of runs: [String]) throws(Failure)
    -> [FoundBackup]
  {
    let answer = try perform(.backups(name: name, folder: folder, runs: runs))
    do throws(WireError) {
      return try answer.value()
    } catch {
      throw Failure(code: "protocol", step: .open, message: "the host sent a list that can't be read")
    }
  }

  /// Brings a backup that is on the host here.
  ///
  /// - Parameters:
  ///   - backup: on the host.
  ///   - path: where it goes here.
  /// - Returns: the file here, which is equal to the one there.
  /// - Throws: `Failure`; nothing is left behind.
  public func fetch(_ backup: BackupRecord, to path: String) throws(Failure) -> BackupRecord {
    let copy = BackupRecord(path: path, bytes: backup.bytes, sha256: backup.sha256)
    let incoming = Mutex(Incoming(try ArrivingBackup(copy)))
    _ = try perform(.fetch(path: backup.path)) { piece in incoming.withLock { $0.take(piece) } }
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

  /// A file that arrives, and the first thing that went wrong with it.
  private struct Incoming: ~Copyable {
    let file: ArrivingBackup
    var failure: Failure?

    init(_ file: sending ArrivingBackup) { self.file = file }

    mutating func take(_ piece: [UInt8]) {
      guard failure == nil else { return }
      do throws(Failure) { try file.append(piece) } catch { failure = error }
    }
  }

  /// Takes a backup that is here to the host.
  ///
  /// - Parameters:
  ///   - path: the file here.
  ///   - backup: what it is to be there.
  /// - Throws: `Failure`; nothing is left behind.
  public func store(_ path: String, as backup: BackupRecord) throws(Failure) {
    _ = try hosts.perform(.store(backup), on: host) { send in
      try readPieces(of: path, length: WireProtocol.piece, send)
    }
  }

  private func perform(
    _ request: Request, receiving: (@Sendable ([UInt8]) -> Void)? = nil
  ) throws(Failure) -> Frame {
    try hosts.perform(request, on: host, receiving: receiving)
  }

  private func outcome(_ request: Request) -> Outcome {
    do {
      return try perform(request).value()
    } catch let failure as Failure {
      return Outcome(failure, status: failure.code == "internal" ? .failed : .unreachable)
    } catch {
      return Outcome(
        Failure(code: "protocol", step: .open, message: "the host sent an outcome that can't be read"),
        status: .unreachable)
    }
  }
}
