internal import FoundationEssentials
internal import SQLite
public import Schema

/// The last migration of an installation, as the journal has it.
public struct DoneMigration: Sendable, Hashable {
  /// The versions that were applied, in order.
  public let versions: [MigrationVersion]
  /// The fingerprint of the schema afterwards.
  public let fingerprint: String
}

extension Journal {
  /// The last migration of each installation that a run has migrated, by id.
  public func lastMigrations() throws -> [String: DoneMigration] {
    let rows = try read { database in
      try database.rows(
        """
        SELECT installation, json_extract(record, '$.fingerprint'), json_extract(record, '$.applied'), max(run)
        FROM outcomes WHERE status = 'migrated' GROUP BY installation
        """
      ) { row in (id: row.text(0) ?? "", fingerprint: row.text(1), applied: row.text(2) ?? "[]") }
    }
    struct Applied: Decodable { let version: MigrationVersion }
    return rows.reduce(into: [:]) { found, row in
      guard let fingerprint = row.fingerprint,
        let applied = try? JSONDecoder().decode([Applied].self, from: Data(row.applied.utf8))
      else { return }
      found[row.id] = DoneMigration(versions: applied.map(\.version), fingerprint: fingerprint)
    }
  }
}
