internal import Basics
internal import Migrations

/// The text of a new fleet file.
///
/// ```swift
/// let draft = try survey.fleetFile("fleet.yml", in: "/srv/shop")
/// print(draft.text, draft.installations)
/// ```
public struct FleetFileDraft: Sendable {
  /// The text, which ``FleetFile/parse(_:file:folder:environment:)`` accepts.
  public let text: String
  /// The patterns and paths under `installations:`; empty if there are only examples.
  public let installations: [String]
}

extension Survey {
  /// Writes the text of a fleet file, and reads it back.
  ///
  /// - Parameters:
  ///   - file: the file's name, for messages.
  ///   - folder: the folder in which it will be; absolute.
  /// - Returns: the text and what it names.
  /// - Throws: `SurveyError` if a path can't be written, or if two databases would have the same id.
  public func fleetFile(_ file: String, in folder: String) throws(SurveyError) -> FleetFileDraft {
    let chooser = InstallationChooser(folder: folder, others: Set(databases.others.map(\.path)))
    let entries = chooser.entries(for: databases.databases)
    do throws(InventoryErrors) {
      return try draft(file, folder, entries)
    } catch {
      // The ids of several entries may be the same, or not allowed. Paths never are the same.
      do throws(InventoryErrors) {
        return try draft(file, folder, entries.map(\.identifiedByPath))
      } catch {
        throw SurveyError("no \(file) can be written for these paths: \(error)")
      }
    }
  }

  private func draft(
    _ file: String, _ folder: String, _ entries: [InstallationDraft]
  ) throws(InventoryErrors) -> FleetFileDraft {
    let text = FleetFileText(folder: folder, survey: self, entries: entries).text
    let fleet = try FleetFile.parse(text, file: file, folder: folder, environment: [:])
    guard fleet.migrations == migrations else {
      throw Self.unwritable(file, "the path of the migrations, \(migrations.path.harmless())")
    }
    guard !entries.isEmpty else { return FleetFileDraft(text: text, installations: []) }
    let paths = Set(try fleet.inventory(environment: [:]).installations.map(\.path))
    guard paths.subtracting(databases.others.map(\.path)) == Set(databases.databases) else {
      throw Self.unwritable(file, "a path of the databases")
    }
    return FleetFileDraft(text: text, installations: entries.map(\.written))
  }

  private static func unwritable(_ file: String, _ what: String) -> InventoryErrors {
    InventoryErrors([
      InventoryError(
        .invalidValue, file: file, "\(what) has characters that mean something else here: rename it")
    ])
  }
}
