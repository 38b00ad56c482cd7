internal import Basics
internal import Migrations
internal import Schema
internal import Upgrade

/// Checks an answer before it is used: a host is trusted only as far as its own databases are concerned.
enum AnswerCheck {
  /// An upper limit for the size of a database in bytes, small enough that sums over a fleet don't overflow.
  private static let largestDatabase: Int64 = 1 << 45
  /// An upper limit for any duration, in milliseconds.
  private static let longestTime = 1e12
  /// An upper limit for the rows deleted from a table, and for the objects of a schema.
  private static let largestCount = 1 << 40

  /// Why `outcome` is not a valid answer to work that was to write its backup to `path`, or no backup if `path` is
  /// nil. Nil if it is valid. The text continues the sentence "the host sent".
  static func problem(in outcome: Outcome, backup path: String?) -> String? {
    if let backup = outcome.backup {
      guard let path else { return "a backup that nobody asked for" }
      if let problem = problem(in: backup, at: path) { return problem }
    }
    if let fingerprint = outcome.fingerprint, !isFingerprint(fingerprint) {
      return "a fingerprint that is none"
    }
    if let code = outcome.failure?.code, !isWord(code.rawValue) { return "an error code that is none" }
    var times = Array(outcome.milliseconds.values)
    times += outcome.applied.map(\.milliseconds)
    times += outcome.hooks.map(\.milliseconds) + [outcome.lockedMilliseconds ?? 0]
    if let lock = outcome.rehearsedLock { times += [lock.work, lock.backup] }
    guard times.allSatisfy({ (0...longestTime).contains($0) }),
      outcome.milliseconds.keys.allSatisfy(isWord)
    else { return "a time that nothing takes" }
    let changes = outcome.applied.flatMap(\.changes)
    let counts =
      outcome.applied.flatMap(\.rowsDeleted.values) + [outcome.ignored]
      + changes.flatMap { [$0.rows, $0.compared, $0.sampledFrom ?? 0] }
    guard counts.allSatisfy({ (0...largestCount).contains($0) }) else { return "a count that can't be" }
    let sizes = [outcome.bytes, outcome.rehearsedLock?.bytes].compactMap { $0 }
    guard sizes.allSatisfy((0...largestDatabase).contains) else {
      return "a size that no database has"
    }
    guard outcome.drift.allSatisfy({ isWord($0.kind.rawValue) }) else {
      return "a difference of a kind that there isn't"
    }
    let names =
      outcome.applied.flatMap { [$0.name] + $0.rowsDeleted.keys }
      + changes.flatMap { [$0.table, $0.column ?? ""] } + (outcome.history ?? []).map(\.name)
    let files = outcome.failure?.files ?? []
    let undeclared = outcome.undeclared.flatMap { [$0.file] + $0.effects + $0.deletes + $0.changes }
    guard (names + files + undeclared).allSatisfy({ $0.utf8.count <= longestName }), outcome.hooks.count <= 2
    else {
      return "a longer account than there can be"
    }
    return nil
  }

  /// Why the adoption that `outcome` offers can't be; nil if it can, or there is none. `versions` are those of the
  /// migrations.
  static func problem(inAdoptionOf outcome: Outcome, versions: Set<MigrationVersion>) -> String? {
    if let finding = outcome.settlement {
      let isKnown = { (version: MigrationVersion) in version == .zero || versions.contains(version) }
      guard outcome.fingerprint != nil, outcome.adoption == nil, isKnown(finding.before),
        versions.contains(finding.version), (1...largestCount).contains(finding.doubt ?? 1)
      else { return "a half-done migration that there can't be" }
    }
    guard let finding = outcome.adoption else { return nil }
    guard outcome.fingerprint != nil, outcome.versionAfter == nil else {
      return "what to record in a database that has a history"
    }
    let named = finding.likeness.named + [finding.version].compactMap { $0 }
    guard named.count <= 2 * versions.count + 3, named.allSatisfy({ $0 == .zero || versions.contains($0) })
    else {
      return "versions that the migrations don't have"
    }
    return nil
  }

  /// Why `answers` can't be those of a database with pending migrations; nil if they can. `files` are those of the
  /// migrations.
  static func problem(in answers: DataAnswers, files: Set<String>) -> String? {
    guard answers.counts.count == answers.questions.count else { return "answers without questions" }
    guard answers.counts.allSatisfy({ (0...largestCount).contains($0 ?? 0) }) else {
      return "a count that can't be"
    }
    let places = answers.questions.map { ($0.file, $0.line) } + answers.unasked.map { ($0.file, $0.line) }
    guard places.allSatisfy({ files.contains($0.0) && (0...largestCount).contains($0.1) })
    else { return "a question about a migration that there isn't" }
    // An empty answer would be taken for a good one.
    let isAnswered = answers.failure != nil || !answers.counts.contains(nil)
    guard isAnswered else { return "a question without an answer" }
    return nil
  }

  private static let longestName = 4_096

  /// Why `record` can't be the backup at `path`; nil if it can.
  static func problem(in record: BackupRecord, at path: String) -> String? {
    guard record.path == path else { return "a backup at another path than it was told" }
    // A database is at least one page, and a page at least 512 bytes.
    guard record.bytes >= 512, record.bytes <= largestDatabase else {
      return "a backup of \(record.bytes) bytes, which no database has"
    }
    guard (1...largestDatabase).contains(record.compressedBytes ?? 1) else {
      return "a backup that takes \(record.compressedBytes ?? 0) bytes, which none does"
    }
    guard record.sha256.isSHA256 else { return "a backup whose SHA-256 is none" }
    return nil
  }

  /// Why `found` can't be the backups called `name` that `runs` have in `folder`; nil if it can.
  static func problem(
    in found: [FoundBackup], _ name: String, _ folder: String, _ runs: [String]
  ) -> String? {
    var rest = Set(runs)
    for backup in found {
      guard rest.remove(backup.run) != nil else { return "a backup of a run that it wasn't asked for" }
      if let problem = problem(in: backup.record, at: "\(folder)/\(backup.run)/\(name)") { return problem }
    }
    return nil
  }

  private static func isFingerprint(_ text: String) -> Bool {
    text.hasPrefix("sha256:") && text.dropFirst("sha256:".count).isSHA256
  }

  /// Whether a text has the form of a code or a kind, such as `rows_lost`.
  static func isWord(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 60
      && text.utf8.allSatisfy {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "_")
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
      }
  }
}
