internal import Foundation
public import Testing

/// What a test needs of the machine: a program, Python packages, rights.
///
/// A test that lacks it fails and says what to do, since a test that doesn't run proves nothing. Only where
/// `FLOTILLA_CHECK=1` is set, as `make check` sets it, is such a test skipped.
///
///     @Test(.needs(.chromium)) func `the page opens`() { … }
public struct Prerequisite: Sendable {
  /// What is missing and what to do about it; nil if nothing is missing.
  public let complaint: String?

  /// Creates one from what is missing.
  public init(complaint: String?) { self.complaint = complaint }

  /// Whether tests with a missing prerequisite are skipped.
  public static let isSkipping = ProcessInfo.processInfo.environment["FLOTILLA_CHECK"] == "1"

  /// Whether it is there.
  ///
  /// - Throws: `SupportError` with the complaint if it is missing and must not be.
  public func isMet(isSkipping: Bool = Self.isSkipping) throws -> Bool {
    guard let complaint else { return true }
    guard isSkipping else { throw SupportError(complaint) }
    return false
  }

  /// Fails or skips the running test if it is missing.
  public func require(isSkipping: Bool = Self.isSkipping) throws {
    guard try !isMet(isSkipping: isSkipping), let complaint else { return }
    try Test.cancel("\(complaint)")
  }

  /// A program in `PATH` or where Debian keeps those for root; `package` is the Debian package with it.
  public static func program(_ name: String, package: String? = nil) -> Prerequisite {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"]
    let isThere = folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
    let command = "scripts/setup \(package ?? name)"
    return Prerequisite(
      complaint: isThere ? nil : "\(name) is missing: `make test` installs it, or run `\(command)`")
  }

  /// What a shell command proves by succeeding.
  public static func proof(_ script: String, _ complaint: String) -> Prerequisite {
    let isThere = (try? Tool.run(["sh", "-c", script]))?.status == 0
    return Prerequisite(complaint: isThere ? nil : complaint)
  }

  /// Python packages that can be imported from `.build-python`.
  public static func packages(_ names: String) -> Prerequisite {
    let code = "PYTHONPATH='\(Repository.packages)' python3 -c 'import \(names)'"
    return proof(
      code, "a package of \(names) is missing: `make test` installs it, or run `scripts/setup-python`")
  }

  /// `python3`.
  public static let python = program("python3")
  /// The headless browser.
  public static let chromium = program("chromium")
  /// The SSH server.
  public static let sshd = program("sshd", package: "openssh-server")
  /// What makes certificates and signs.
  public static let openssl = program("openssl")
  /// What compresses and unpacks by zstd.
  public static let zstd = program("zstd")
  /// What reads inventories of Ansible.
  public static let ansible = program("ansible-inventory", package: "ansible-core")
  /// The verifier of systemd's units.
  public static let systemdAnalyze = program("systemd-analyze", package: "systemd")
  /// The migration tool sql-migrate.
  public static let sqlMigrate = program("sql-migrate")
  /// The migration tools dbmate and yoyo, which are Python packages.
  public static let tools = packages("yoyo, sqlparse")
  /// The Python packages that read reports.
  public static let reportReaders = packages("jsonschema, lxml, junitparser, prometheus_client, markdown_it")

  /// Django, Alembic and sqlite-migrate, whose migrations are programs.
  public static let migrators = packages("django, alembic, sqlite_migrate")
  /// Rails' ActiveRecord.
  public static let activeRecord = proof(
    "ruby -e 'require \"active_record\"; require \"sqlite3\"'",
    "ActiveRecord is missing: `make test` installs it, or run `scripts/setup ruby-activerecord ruby-sqlite3`")

  /// To be root.
  public static let root = Prerequisite(
    complaint: geteuid() == 0 ? nil : "the test needs root: run `sudo env PATH=\"$PATH\" make test`")

  /// The right to mount a file system that only a child sees.
  public static let mounts = proof(
    "unshare -m sh -c 'mount -t tmpfs -o size=64k tmpfs /tmp'",
    "the test needs the right to mount: run `sudo env PATH=\"$PATH\" make test`, in a container with SYS_ADMIN"
  )
}

/// Fails a test whose prerequisite is missing, or skips it; see ``Prerequisite``.
public struct Needs: TestTrait, SuiteTrait {
  let prerequisites: @Sendable () -> [Prerequisite]

  /// A suite passes it on to its tests.
  public var isRecursive: Bool { true }

  /// Looks for the prerequisites before the test runs.
  public func prepare(for test: Test) async throws {
    for prerequisite in prerequisites() {
      guard try !prerequisite.isMet(), let complaint = prerequisite.complaint else { continue }
      try await ConditionTrait.disabled("\(complaint)").prepare(for: test)
    }
  }
}

extension Trait where Self == Needs {
  /// Fails the test if one of these is missing; skips it under `make check`.
  public static func needs(_ prerequisites: @autoclosure @escaping @Sendable () -> Prerequisite) -> Self {
    Needs { [prerequisites()] }
  }

  /// Fails the test if one of these is missing; skips it under `make check`.
  public static func needs(
    _ first: @autoclosure @escaping @Sendable () -> Prerequisite,
    _ second: @autoclosure @escaping @Sendable () -> Prerequisite
  ) -> Self {
    Needs { [first(), second()] }
  }
}
