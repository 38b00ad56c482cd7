internal import Schema

/// One migration as a format finds it in a file, before its statements are parsed.
struct MigrationDraft {
  /// The version by which the migration is recorded; nil for the baseline.
  let version: MigrationVersion?
  /// The name by which the migration is recorded, or by which people know it if no name is recorded.
  let name: String
  /// The file's path below the folder of migrations, for messages.
  let file: String
  /// The whole text of the file.
  let text: String
  /// The part that upgrades. All other lines are blank, so that the numbers of the lines are those of the file.
  var up: String
  /// The format of the tool for which the file was written, which has its own order for transactions and foreign keys;
  /// nil for Flotilla's own.
  var tool: String?
  /// Whether the tool would run the file outside a transaction.
  var isOutsideTransaction = false

  init(version: MigrationVersion?, name: String, file: String, text: String) {
    (self.version, self.name, self.file, self.text) = (version, name, file, text)
    up = text
  }

  /// Creates the draft of a file that was written for another tool.
  static func foreign(
    version: MigrationVersion, name: String, file: MigrationFiles.File, up: String? = nil,
    isOutsideTransaction: Bool = false
  ) -> MigrationDraft {
    var draft = MigrationDraft(version: version, name: name, file: file.name, text: file.text)
    draft.up = up ?? file.text
    draft.isOutsideTransaction = isOutsideTransaction
    return draft
  }
}

extension MigrationFormat {
  /// Errors for migrations that the tool applies in another order than that of their versions.
  ///
  /// Many tools apply them in the order of the names as text, so `10_b` before `9_a`. Here the order of the versions
  /// counts, and both have to agree.
  ///
  /// - Parameters:
  ///   - migrations: the migrations.
  ///   - isBefore: whether the tool applies one migration before another; by default, whether its file's name is lower.
  /// - Returns: an error for each file that comes too late.
  static func misordered(
    _ migrations: [Migration],
    by isBefore: (Migration, Migration) -> Bool = { $0.file.utf8.lexicographicallyPrecedes($1.file.utf8) }
  ) -> [MigrationError] {
    let sorted = migrations.sorted(by: isBefore)
    return zip(sorted, sorted.dropFirst()).compactMap { one, next in
      guard let first = one.version, let second = next.version, second < first else { return nil }
      return MigrationError(
        .malformedName, file: next.file,
        "its tool sorts names as text, and applies it after \(one.file), though its number is lower: give all files "
          + "numbers with as many digits")
    }
  }

  /// Parses files of which each is one migration.
  ///
  /// - Parameters:
  ///   - files: the files.
  ///   - draft: finds the migration in a file; nil if there is none in it.
  /// - Returns: the migrations, and all errors.
  func readEach(
    _ files: [MigrationFiles.File], _ draft: (MigrationFiles.File) throws(MigrationError) -> MigrationDraft?
  ) -> (migrations: [Migration], faults: [MigrationError]) {
    var migrations: [Migration] = []
    var faults: [MigrationError] = []
    for file in files {
      do throws(MigrationError) {
        guard var draft = try draft(file) else { continue }
        draft.tool = name == MigrationFormats.standard.name ? nil : name
        let parsed = MigrationParser.parse(draft)
        migrations.append(parsed.migration)
        faults += parsed.faults
      } catch {
        faults.append(error)
      }
    }
    return (migrations, faults)
  }
}
