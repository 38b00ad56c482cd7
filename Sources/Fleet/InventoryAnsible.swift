internal import FoundationEssentials

/// Ansible's dynamic-inventory JSON, as `--list` prints it.
struct AnsibleInventory: Decodable {
  struct Group: Decodable {
    var hosts: [String] = []
    var children: [String] = []
    var variables: [String: AnsibleValue] = [:]

    private enum Key: String, CodingKey {
      case hosts, children, vars
    }

    init(from decoder: any Decoder) throws {
      // The short form is a list of hosts alone.
      if let hosts = try? decoder.singleValueContainer().decode([String].self) {
        self.hosts = hosts
        return
      }
      let container = try decoder.container(keyedBy: Key.self)
      hosts = try container.decodeIfPresent([String].self, forKey: .hosts) ?? []
      children = try container.decodeIfPresent([String].self, forKey: .children) ?? []
      variables = try container.decodeIfPresent([String: AnsibleValue].self, forKey: .vars) ?? [:]
    }
  }

  private struct Meta: Decodable {
    let hostvars: [String: [String: AnsibleValue]]?
  }

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  private(set) var groups: [String: Group] = [:]
  private(set) var hostVariables: [String: [String: AnsibleValue]] = [:]

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    for key in container.allKeys {
      if key.stringValue == "_meta" {
        hostVariables = try container.decode(Meta.self, forKey: key).hostvars ?? [:]
      } else {
        groups[key.stringValue] = try container.decode(Group.self, forKey: key)
      }
    }
  }

  /// Reads what a program printed; the failure is a sentence for the user.
  static func parse(_ bytes: [UInt8]) throws(Malformed) -> AnsibleInventory {
    do {
      return try JSONDecoder().decode(AnsibleInventory.self, from: Data(bytes))
    } catch let error as DecodingError {
      throw Malformed(error)
    } catch {
      throw Malformed(description: "is not readable as JSON")
    }
  }

  struct Malformed: Error, CustomStringConvertible {
    let description: String

    init(description: String) {
      self.description = description
    }

    init(_ error: DecodingError) {
      switch error {
      case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context):
        let path = context.codingPath.map(\.stringValue).joined(separator: ".")
        description =
          path.isEmpty ? "is not an object of groups" : "has another type than expected at \(path)"
      case .dataCorrupted(let context):
        let cause = (context.underlyingError as? any CustomStringConvertible)?.description
        description = "is not JSON\(cause.map { " (\($0))" } ?? "")"
      @unknown default:
        description = "is not readable as JSON"
      }
    }
  }
}

/// A variable of a host or a group. Lists, mappings and null say nothing about an installation.
enum AnsibleValue: Decodable, Sendable, Equatable {
  case text(String)
  case other

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let text = try? container.decode(String.self) {
      self = .text(text)
    } else if let number = try? container.decode(Int.self) {
      self = .text("\(number)")
    } else if let flag = try? container.decode(Bool.self) {
      self = .text(flag ? "true" : "false")
    } else if let number = try? container.decode(Double.self) {
      self = .text("\(number)")
    } else {
      self = .other
    }
  }
}
