import ArgumentParser
import Basics
import Fleet
import FoundationEssentials
import Migrations
import Schema

/// The source of migration files for the commands for authors: a folder that is named, or the fleet file.
struct MigrationSource: ParsableArguments {
  @Argument(help: "A folder of migrations. Else those of the fleet file.") var folder: String?
  @Option(help: ArgumentHelp("What runs before them, with a folder.", valueName: "file")) var baseline:
    String?
  @Option(help: ArgumentHelp("What a fresh installation gets, with a folder.", valueName: "file"))
  var schema: String?

  func validate() throws {
    if folder == nil, baseline != nil || schema != nil {
      throw ValidationError("--baseline and --schema go with a folder; the fleet file names its own")
    }
  }

  /// Reads the files, without looking up any installation.
  func load(_ global: GlobalOptions) throws -> AuthoredMigrations {
    guard let folder else {
      let fleet = try FleetFile.load(global)
      guard fleet.migrations.program == nil else {
        throw UsageError(
          "the migrations of \(fleet.name) are a program, and this command is for files of SQL: flotilla plan --rehearse "
            + "tries the program on copies")
      }
      let files = try MigrationFiles(fleet.migrations, baseline: fleet.baseline, schema: fleet.schema)
      return try AuthoredMigrations(fleet.name, files, fleet, suffix: "")
    }
    let files = try MigrationFiles(MigrationFolder(folder), baseline: baseline, schema: schema)
    let words =
      [folder] + (baseline.map { ["--baseline", $0] } ?? []) + (schema.map { ["--schema", $0] } ?? [])
    return try AuthoredMigrations(folder, files, nil, suffix: " " + words.joined(separator: " "))
  }
}

/// Migration files and their source.
struct AuthoredMigrations {
  let name: String
  let files: MigrationFiles
  /// The fleet file; nil if a folder was named.
  let fleet: FleetFile?
  /// The arguments with which the next command finds the same files.
  let suffix: String

  fileprivate init(_ name: String, _ files: MigrationFiles, _ fleet: FleetFile?, suffix: String) throws {
    guard !files.migrations.isEmpty else {
      throw UsageError(
        "\(fleet?.migrations.path ?? name): there is no migration in it; flotilla new NAME begins one")
    }
    (self.name, self.files, self.fleet, self.suffix) = (name, files, fleet, suffix)
  }

  /// How many migrations the files hold.
  private var count: Int { files.format.read(files.migrations).migrations.count }

  /// `ownprem: 10 migrations, baseline.sql, schema.sql`
  var headline: String {
    let others = [files.baseline?.name, files.schema?.name].compactMap { $0 }
    return (["\(name): \(counted(count, files.format.noun))"] + others).joined(
      separator: ", ")
  }
}

extension GlobalOptions {
  /// - Throws: `ValidationError` if installations were selected, for a command that uses none.
  func refuseSelection() throws {
    if only != nil { throw ValidationError("--only selects installations, and this command looks at none") }
  }
}
