import ArgumentParser
import Basics
import Collect
import FlyingFox
import Foundation
import Upload
import Wire

@main
struct CollectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "flotilla collect",
    abstract: "Receives the reports of one or several coordinators, keeps them, and shows the fleets.",
    discussion: """
      POST or PUT at any path takes a report, checked by token, signature or both; pages are at /. Several \
      secrets are told apart by spaces in the variable, or by lines in the file. Without TLS of its own: listen on \
      loopback and put a server with TLS in front. SIGTERM or SIGINT ends it with status 0.
      """,
    version: "flotilla-collect \(programVersion)")

  @Option(help: ArgumentHelp("Where to listen.", valueName: "address:port"))
  var listen = Listening()
  @Option(help: ArgumentHelp("The SQLite file that keeps the reports.", valueName: "file"))
  var store = "flotilla-collect.sqlite"
  @Option(help: ArgumentHelp("Senders show this token. Else $FLOTILLA_COLLECT_TOKEN.", valueName: "file"))
  var tokenFile: String?
  @Option(
    help: ArgumentHelp(
      "Reports are signed with one of these. Else $FLOTILLA_COLLECT_SECRET.", valueName: "file"))
  var secretFile: String?
  @Option(
    help: ArgumentHelp("Readers show this token. Else $FLOTILLA_COLLECT_READ_TOKEN.", valueName: "file"))
  var readTokenFile: String?
  @Option(help: ArgumentHelp("The largest report, on the wire and expanded.", valueName: "MB"))
  var maxBody = 128
  @Option(help: ArgumentHelp("How many reports of a fleet and coordinator are kept.", valueName: "n"))
  var keep = 1000

  func validate() throws {
    guard (1...512).contains(maxBody) else {
      throw ValidationError("--max-body takes a number from 1 to 512")
    }
    guard (1...1_000_000).contains(keep) else {
      throw ValidationError("--keep takes a number from 1 to 1000000")
    }
  }

  func run() async throws {
    let ended = ShutdownSignals()
    Self.allowManyConnections()
    do {
      try await serve(until: ended)
    } catch {
      Self.log("\(error)")
      throw ExitCode(1)
    }
  }

  private func serve(until ended: ShutdownSignals) async throws {
    let authorizer = try authorizer()
    let path = URL(filePath: store).path
    let collector = try Collector(
      store: path, authorizer: authorizer, limit: maxBody * 1_000_000, keep: keep, log: Self.note)
    let handler = CollectServer(collector)
    let server = handler.server(on: listen)
    let run = Task {
      defer { ended.serverEnded() }
      try await server.run()
      throw CollectRefusal("the server ended")
    }
    while await !server.isListening, !ended.isOver { try await Task.sleep(for: .milliseconds(10)) }
    if ended.isOver { return try await run.value }
    if !listen.isLoopback {
      Self.log("listening for other machines without TLS: put a server with TLS in front")
    }
    let url = Listening.url(await server.listeningAddress) ?? ""
    FileHandle.standardOutput.write(Data("collecting at \(url)\n".utf8))
    guard await ended.signal() != nil else { return try await run.value }
    // The server ends with the process. Reports that are being received are stored and acknowledged first.
    try await handler.close(within: .seconds(5))
    await collector.close()
  }

  /// Raises the limit for open files, since each connection needs a descriptor.
  private static func allowManyConnections() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = min(limit.rlim_max, 65_536)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }

  private func authorizer() throws -> RequestAuthorizer {
    let token = try Self.secret("FLOTILLA_COLLECT_TOKEN", file: tokenFile)
    let secrets = try Self.secrets("FLOTILLA_COLLECT_SECRET", file: secretFile)
    guard token != nil || !secrets.isEmpty else {
      throw CollectRefusal(
        "anybody could send reports: set $FLOTILLA_COLLECT_TOKEN, $FLOTILLA_COLLECT_SECRET or both, or give "
          + "--token-file or --secret-file")
    }
    let readToken = try Self.secret("FLOTILLA_COLLECT_READ_TOKEN", file: readTokenFile)
    return RequestAuthorizer(
      token: token, secrets: secrets, readToken: readToken, isLoopback: listen.isLoopback)
  }

  private static func secret(_ variable: String, file: String?) throws -> Secret? {
    if let file { return try Secret.file(file) }
    return getenv(variable) == nil ? nil : try Secret.environment(variable)
  }

  /// The signing secrets from a file or a variable. A named source must contain at least one.
  private static func secrets(_ variable: String, file: String?) throws -> [SigningSecret] {
    let source = file ?? "$\(variable)"
    let text: String
    if let file {
      guard let bytes = try? OpenFile(reading: file).readAll(),
        let content = String(validating: bytes, as: UTF8.self)
      else { throw CollectRefusal("the secrets in \(file) can't be read") }
      text = content
    } else {
      guard let value = Secret.processEnvironment(variable) else { return [] }
      text = value
    }
    let words = text.split(whereSeparator: \.isWhitespace)
    guard !words.isEmpty else { throw CollectRefusal("there is no secret in \(source)") }
    return try words.map { try SigningSecret(Secret(String($0))) }
  }

  private static func note(_ line: String) { log("\(Date().formatted(.iso8601)) \(line)") }

  private static func log(_ line: String) {
    FileHandle.standardError.write(Data("flotilla collect: \(line)\n".utf8))
  }
}

/// A message for people that ends the command with status 1.
struct CollectRefusal: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
