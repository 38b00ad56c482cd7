/// A line of a file, as it is written in messages: `fleet.yml:14`.
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

/// One thing that is wrong with a fleet file or with what it names.
///
/// The message quotes values as they are written in the file, so a value that came from a variable is not shown.
public struct InventoryError: Error, Sendable, Equatable {
  /// What kind of mistake it is: match on this, not on the message.
  public enum Code: String, Sendable {
    /// A file or folder could not be read.
    case unreadable
    /// The file is not well-formed YAML.
    case syntax
    /// A key that does not exist in its place.
    case unknownKey
    /// A key is given twice in one mapping.
    case duplicateKey
    /// A key that has to be there isn't.
    case missingKey
    /// A list where a text belongs, and the like.
    case wrongType
    /// The right type with a value that makes no sense.
    case invalidValue
    /// `${NAME}` names a variable that isn't set.
    case unsetVariable
    /// An id that can't be used as one.
    case invalidID
    /// Two installations have one id.
    case duplicateID
    /// Two installations are one file.
    case duplicateFile
    /// There is no installation at all.
    case emptyFleet
    /// A name that no installation and no group has.
    case unmatched
    /// A program that lists hosts is not installed.
    case programMissing
    /// A program that lists hosts failed or printed something else.
    case programFailed
    /// No fleet file was found.
    case fleetNotFound
    /// There is more than one fleet file to choose from.
    case fleetAmbiguous
  }

  /// What kind of mistake it is.
  public let code: Code
  /// The file as the user named it, where the mistake is in a file.
  public let file: String?
  /// The line, counted from 1, where it is known.
  public let line: Int?
  /// What is wrong, in one sentence without a full stop.
  public let message: String
  /// What was probably meant.
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

/// Everything that was found wrong in one reading, in the order of the lines.
public struct InventoryErrors: Error, Sendable, Equatable {
  /// At most this many are kept.
  public static let limit = 20

  /// The mistakes, at least one.
  public let errors: [InventoryError]
  /// How many more there were.
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

/// Something in an inventory that is worth saying and stops nothing.
public struct InventoryWarning: Sendable, Equatable, CustomStringConvertible {
  /// What kind of oddity it is.
  public enum Code: String, Sendable {
    /// A glob that matches no file.
    case globMatchesNothing
    /// A list of hosts without a host.
    case noHosts
    /// Variables of Ansible that change how it reaches a host, and nothing here.
    case unheededVariables
  }

  /// What kind of oddity it is.
  public let code: Code
  /// Where the entry stands.
  public let location: InventoryLocation
  /// What is odd, in one sentence without a full stop.
  public let message: String

  /// `fleet.yml:9: nothing matches demo/*.sqlite`
  public var description: String { "\(location): \(message)" }
}
