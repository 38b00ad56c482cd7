internal import Yams

/// The context of reading one fleet file, and the problems found so far.
final class InventoryReader {
  let file: String
  let folder: String
  let variables: InventoryVariables
  var problems = InventoryProblems()
  /// The variables that the file uses for tokens and secrets.
  private(set) var secretVariables: Set<String> = []

  init(file: String, folder: String, variables: InventoryVariables) {
    self.file = file
    self.folder = folder
    self.variables = variables
  }

  func report(_ code: InventoryError.Code, line: Int, _ message: String, suggestion: String? = nil) {
    problems.add(InventoryError(code, file: file, line: line, message, suggestion: suggestion))
  }

  /// Parses a document whose references are marked, and returns its root; nil if the document is empty.
  func compose(_ marked: String) throws(InventoryErrors) -> Node? {
    do {
      // Scalars stay texts: the key decides what `yes` or `010` means, not YAML. It is also much faster than matching
      // every scalar against the expressions of the core schema.
      return try Yams.compose(yaml: marked, .basic)
    } catch {
      throw InventoryErrors([syntaxError(error)])
    }
  }

  private func syntaxError(_ error: any Error) -> InventoryError {
    let hint = " (quote values that begin with one of * & ! % @ ` { [, or that contain \": \" or \" #\")"
    switch error as? YamlError {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _):
      return InventoryError(.syntax, file: file, line: mark.line, "not YAML: \(problem)\(hint)")
    case .composer(_, let problem, let mark, _):
      return InventoryError(.syntax, file: file, line: mark.line, "not YAML: \(problem)")
    case .reader(let problem, _, _, _):
      return InventoryError(.syntax, file: file, "not YAML: \(problem)")
    case .duplicatedKeysInMapping(let keys, let context):
      let names = keys.map { "\"\(InventoryVariables.written($0))\"" }.joined(separator: ", ")
      return InventoryError(
        .duplicateKey, file: file, line: context.mark.line,
        keys.count == 1 ? "the key \(names) is given twice" : "the keys \(names) are given twice")
    default:
      return InventoryError(.syntax, file: file, "not YAML")
    }
  }

  // MARK: Values

  /// The text of a scalar with its references replaced. Reports a problem and returns nil if the value can't be used.
  func text(_ node: Node, line: Int, name: String, secret: Bool = false, kind: String = "a text") -> String? {
    guard let scalar = node.scalar else {
      report(.wrongType, line: line, "\"\(name)\" must be \(kind), not \(Self.kind(of: node))")
      return nil
    }
    let tag = node.tag.description
    guard tag.isEmpty || tag.hasPrefix("tag:yaml.org,2002:") else {
      report(.wrongType, line: line, "\"\(name)\" has the YAML tag \(tag), which means nothing here")
      return nil
    }
    if secret { secretVariables.formUnion(InventoryVariables.names(in: scalar.string)) }
    do throws(InventoryVariables.Failure) {
      let text = try variables.expand(scalar.string)
      guard !text.isEmpty else {
        report(.invalidValue, line: line, "\"\(name)\" is empty")
        return nil
      }
      guard !text.unicodeScalars.contains("\0") else {
        report(.invalidValue, line: line, "\"\(name)\" contains a NUL")
        return nil
      }
      return text
    } catch {
      switch error {
      case .unset(let variable):
        report(.unsetVariable, line: line, "the variable ${\(variable)} in \"\(name)\" is not set")
      case .malformed:
        let written = secret ? "" : ": \(Self.quoted(node))"
        report(.invalidValue, line: line, "\"${\" without a name and a \"}\" in \"\(name)\"\(written)")
      }
      return nil
    }
  }

  static func isNull(_ node: Node) -> Bool {
    guard let scalar = node.scalar, scalar.style == .plain || scalar.style == .any else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
  }

  static func line(of node: Node) -> Int { node.mark?.line ?? 1 }

  /// A scalar as it is written, or the kind of another node, to be used after "not".
  static func quoted(_ node: Node) -> String {
    guard let scalar = node.scalar, !isNull(node) else { return kind(of: node) }
    let written = InventoryVariables.written(scalar.string)
    return "\"\(written.count > 60 ? "\(written.prefix(60))…" : written)\""
  }

  static func kind(of node: Node) -> String {
    switch node {
    case .scalar: isNull(node) ? "nothing" : "a text"
    case .sequence: "a list"
    case .mapping: "a mapping"
    case .alias: "an alias"
    }
  }
}
