internal import SQLite
internal import Upgrade

/// The installations that a ``RunSelector`` selects, and the run that says so.
public struct RunMembers: Sendable, Hashable {
  /// The run.
  public let run: RunID
  /// The command that started it.
  public let command: String
  /// When it began, in ISO 8601.
  public let startedAt: String
  /// The ids of the installations, in the order of the run.
  public let installations: [String]
  /// The ids of all installations that the run looked at; nil if it has not recorded them.
  public let known: Set<String>?

  /// `run 01J… (migrate, 2026-11-28 09:30 UTC)`
  public var name: String { Self.name(run, command, startedAt) }

  fileprivate static func name(_ run: RunID, _ command: String, _ startedAt: String) -> String {
    "run \(run) (\(command), \(startedAt.prefix(10)) \(startedAt.dropFirst(11).prefix(5)) UTC)"
  }
}

/// Why the journal can't tell which installations a selector selects.
public struct RunSelectionError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The reason and what to do, in one sentence without a full stop.
  public let description: String
}

extension Journal {
  /// Finds the installations that a selector selects.
  ///
  /// - Throws: `RunSelectionError` if there is no such run, or if it did not record all of them; `StateError` if the
  ///   journal can't be read.
  public func members(of selector: RunSelector) throws -> RunMembers {
    guard let run = try run(of: selector) else { throw missing(selector) }
    if case .wave(let number) = selector.property, let kept = try keptMembers(ofWave: number, run) {
      return kept
    }
    guard run.isFinished else {
      throw RunSelectionError(
        description: run.command == "unknown"
          ? "\(run.name) is known only by its backups; name another run, from flotilla history"
          : "\(run.name) has not come to its end: it is still running, or was killed, and may not have recorded everything; "
            + "run the command again when it has ended, or name another run, such as failed:ID, from flotilla history"
      )
    }
    let found = try installations(of: selector.property, run)
    switch selector.property {
    case .wave(let number): try check(found, wave: number, run)
    case .status(let status): try check(found, summary: status.rawValue, run)
    case .drifted: try check(found, summary: "drifted", run)
    }
    let known = try read { database in
      try database.rows("SELECT installation FROM outcomes WHERE run = ?", [.text(run.id.description)]) {
        $0.text(0) ?? ""
      }
    }
    return RunMembers(
      run: run.id, command: run.command, startedAt: run.startedAt, installations: found,
      known: known.isEmpty ? nil : Set(known))
  }

  /// The members of a wave of the rollout with gates that a run carried on; nil if it didn't carry on one.
  private func keptMembers(ofWave number: Int, _ run: Candidate) throws -> RunMembers? {
    guard let rollout = try latestRollout(), rollout.runs.contains(run.id) else { return nil }
    guard (1...rollout.waves.count).contains(number) else {
      throw RunSelectionError(description: "the last rollout, \(run.name), had \(rollout.waves.count) waves")
    }
    let members = try members(of: rollout.id).filter { $0.value == number }.keys.sorted()
    return RunMembers(
      run: run.id, command: run.command, startedAt: run.startedAt, installations: members, known: nil)
  }

  /// A run that a selector may mean.
  private struct Candidate {
    let id: RunID
    let command: String
    let startedAt: String
    let isFinished: Bool

    var name: String { RunMembers.name(id, command, startedAt) }
  }

  /// The run that a selector means; nil if there is none.
  private func run(of selector: RunSelector) throws -> Candidate? {
    let condition: String
    switch (selector.property, selector.source) {
    case (.wave, _):
      condition = """
        command = 'migrate' AND (header IS NULL OR json_valid(header) AND json_array_length(header, '$.waves') > 0)
        """
    case (_, .run(let run)): condition = "id = '\(run)'"
    case (_, .last): condition = "command <> 'drift'"
    case (let property, .lastOfAll):
      // A check that nobody wanted as a report has recorded drift alone.
      let isKept =
        property == .drifted
        ? "1" : "command <> 'drift' OR EXISTS (SELECT 1 FROM outcomes WHERE outcomes.run = runs.id)"
      condition = """
        command IN ('migrate', 'adopt', 'drift') AND result IN ('finished', 'stopped') AND json_valid(header)
        AND json_extract(header, '$.run.only') IS NULL AND (\(isKept))
        """
    }
    let rows = try read { database in
      try database.rows(
        """
        SELECT id, command, started_at, finished_at IS NOT NULL AND json_valid(header) FROM runs
        WHERE \(condition) ORDER BY id DESC LIMIT 1
        """
      ) { row in
        row.text(0).flatMap(RunID.init).map {
          Candidate(
            id: $0, command: row.text(1) ?? "", startedAt: row.text(2) ?? "", isFinished: row.int(3) == 1)
        }
      }
    }
    return rows.first ?? nil
  }

  private func missing(_ selector: RunSelector) -> RunSelectionError {
    let reason =
      switch (selector.property, selector.source) {
      case (.wave, _): "the journal has no rollout yet"
      case (_, .run(let run)): "there is no run \(run); flotilla history lists them"
      case (_, .last): "the journal has no run yet, other than checks for drift"
      case (.drifted, .lastOfAll):
        "no run has looked at the whole fleet yet; flotilla drift without --only does"
      case (_, .lastOfAll):
        "no run has looked at the whole fleet yet and recorded what is pending; flotilla migrate without --only does"
      }
    return RunSelectionError(description: reason)
  }

  private func installations(of property: RunSelector.Property, _ run: Candidate) throws -> [String] {
    let isDrifted =
      "EXISTS (SELECT 1 FROM json_each(record, '$.drift') WHERE json_extract(value, '$.severity') = 'error')"
    let (query, value): (String, Value)
    switch property {
    case .status(let status):
      (query, value) = (
        "SELECT installation FROM outcomes WHERE run = ?1 AND status = ?2 ORDER BY place",
        .text(status.rawValue)
      )
    case .wave(let number):
      (query, value) = (
        "SELECT installation FROM outcomes WHERE run = ?1 AND json_extract(record, '$.wave') = ?2 ORDER BY place",
        .integer(Int64(number))
      )
    case .drifted where run.command == "drift":
      let found = ["new", "persisting"].map { list in
        """
        SELECT json_extract(value, '$.installation') AS installation
        FROM runs, json_each(header, '$.drift_changes.\(list)') WHERE runs.id = ?1
        """
      }
      (query, value) = ("\(found.joined(separator: " UNION ")) ORDER BY installation", .null)
    case .drifted:
      (query, value) = (
        "SELECT installation FROM outcomes WHERE run = ?1 AND \(isDrifted) ORDER BY place", .null
      )
    }
    let values = [Value.text(run.id.description)] + (value == .null ? [] : [value])
    return try read { database in try database.rows(query, values) { $0.text(0) ?? "" } }
  }

  /// Verifies that the run has recorded all installations that its summary counts.
  private func check(_ found: [String], summary name: String, _ run: Candidate) throws {
    let counted = try number(in: run, "$.summary.\(name)") ?? found.count
    guard found.count != counted else { return }
    let reason =
      run.command == "drift"
      ? "a check for drift records it only with --upload or --format json"
      : "the journal is not complete"
    throw RunSelectionError(
      description:
        "\(run.name) counted \(counted) \(name) and recorded \(found.count): \(reason); name the installations, or "
        + "another run")
  }

  /// Verifies that there is such a wave, and that the run came to all its members.
  private func check(_ found: [String], wave: Int, _ run: Candidate) throws {
    let waves = try number(in: run, "$.waves", length: true) ?? 0
    let path = "$.waves[\(min(max(wave, 1), 1_000_000) - 1)].installations"
    guard wave >= 1, let size = try number(in: run, path) else {
      throw RunSelectionError(
        description: "the last rollout, \(run.name), had \(waves) wave\(waves == 1 ? "" : "s")")
    }
    guard found.count != size else { return }
    throw RunSelectionError(
      description:
        "wave \(wave) of \(run.name) has \(size) installations, and the rollout stopped after it had come to "
        + "\(found.count) of them; pending:\(run.id) selects all that it did not begin")
  }

  private func number(in run: Candidate, _ path: String, length: Bool = false) throws -> Int? {
    let function = length ? "json_array_length" : "json_extract"
    let rows = try read { database in
      try database.rows(
        "SELECT coalesce(\(function)(header, ?2), -1) FROM runs WHERE id = ?1",
        [.text(run.id.description), .text(path)]
      ) { Int($0.int(0)) }
    }
    return rows.first.flatMap { $0 < 0 ? nil : $0 }
  }
}
