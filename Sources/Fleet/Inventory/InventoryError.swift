/// A line of a file, shown in messages as `fleet.yml:14`.
public struct InventoryLocation: Sendable, Hashable, CustomStringConvertible {
  /// The file as the user named it.
  public let file: String
  /// The line, counted from 1.
  public let line: Int

  /// Names a line of a file.
  public init(file: String, line: Int) {
    self.file = file
    self.line = line
  }

  /// `FILE:LINE`.
  public var description: String { "\(file):\(line)" }
}

/// One mistake in a fleet file, or in something that it refers to.
///
/// Messages usually quote values as the file has them, with `${NAME}` instead of the content of the variable.
public struct InventoryError: Error, Sendable, Equatable {
  /// The kind of mistake. Match on this, not on the message.
  public enum Code: String, Sendable {
    /// A file or folder could not be read.
    case unreadable
    /// The file is not well-formed YAML.
    case syntax
    /// The key does not exist in this section.
    case unknownKey
    /// A key is given twice in one mapping.
    case duplicateKey
    /// A required key is missing.
    case missingKey
    /// The value has the wrong type, such as a list instead of a text.
    case wrongType
    /// The value has the right type but is not allowed.
    case invalidValue
    /// `${NAME}` names a variable that isn't set.
    case unsetVariable
    /// The id is not allowed.
    case invalidID
    /// Two installations have the same id.
    case duplicateID
    /// Two installations refer to the same file.
    case duplicateFile
    /// The fleet has no installation.
    case emptyFleet
    /// No installation and no group has this name.
    case unmatched
    /// A program that lists hosts is not installed.
    case programMissing
    /// A program that lists hosts failed, or its output is not an inventory.
    case programFailed
    /// No fleet file was found.
    case fleetNotFound
    /// There is more than one fleet file to choose from.
    case fleetAmbiguous
  }

  /// The kind of mistake.
  public let code: Code
  /// The file as the user named it; nil if the mistake is not in a file.
  public let file: String?
  /// The line, counted from 1; nil if it is unknown.
  public let line: Int?
  /// What is wrong, in one sentence without a full stop.
  public let message: String
  /// What was probably meant, or nil.
  public let suggestion: String?

  /// Describes a mistake.
  public init(
    _ code: Code, file: String? = nil, line: Int? = nil, _ message: String, suggestion: String? = nil
  ) {
    self.code = code
    self.file = file
    self.line = line
    self.message = message
    self.suggestion = suggestion
  }
}

extension InventoryError: CustomStringConvertible {
  /// `fleet.yml:14: unknown key "instalations" — did you mean "installations"?`
  public var description: String {
    var text = ""
    if let file { text += line.map { "\(file):\($0): " } ?? "\(file): " }
    text += message
    if let suggestion { text += " — did you mean \"\(suggestion)\"?" }
    return text
  }
}

/// The mistakes found in one reading, in the order of their lines.
public struct InventoryErrors: Error, Sendable, Equatable {
  /// The maximum number of mistakes that are kept.
  public static let limit = 20

  /// The mistakes, at least one.
  public let errors: [InventoryError]
  /// The number of further mistakes.
  public let omitted: Int

  init(_ errors: [InventoryError], omitted: Int = 0) {
    // Sorting by offset as well keeps the order of discovery within a line.
    self.errors = errors.enumerated()
      .sorted { ($0.element.line ?? 0, $0.offset) < ($1.element.line ?? 0, $1.offset) }
      .map(\.element)
    self.omitted = omitted
  }
}

extension InventoryErrors: CustomStringConvertible {
  /// One line for each mistake.
  public var description: String {
    let lines = errors.map(\.description)
    return (omitted > 0 ? lines + ["… and \(omitted) more"] : lines).joined(separator: "\n")
  }
}

/// An oddity in an inventory that doesn't prevent any work.
public struct InventoryWarning: Sendable, Equatable, CustomStringConvertible {
  /// The kind of oddity.
  public enum Code: String, Sendable {
    /// A glob matches no file.
    case globMatchesNothing
    /// A list of hosts is empty.
    case noHosts
    /// Ansible variables that change how Ansible reaches a host are ignored here.
    case unheededVariables
  }

  /// The kind of oddity.
  public let code: Code
  /// The line of the entry.
  public let location: InventoryLocation
  /// What is odd, in one sentence without a full stop.
  public let message: String

  /// `fleet.yml:9: no database matches demo/*.sqlite`
  public var description: String { "\(location): \(message)" }
}
