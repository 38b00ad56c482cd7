internal import Synchronization

/// Which variables of the environment hold secrets. Whatever starts a program leaves them out.
///
/// Secret are `FLOTILLA_…TOKEN` and `FLOTILLA_…SECRET`, and those that a fleet file takes for a token or a secret. The
/// second kind is known for the whole process, so that no caller can forget to hand it on; the list only grows.
public enum SecretVariables {
  private static let named = Mutex<Set<String>>([])

  /// Adds variables that hold secrets.
  public static func add(_ names: some Sequence<String>) { named.withLock { $0.formUnion(names) } }

  /// Whether a variable of this name holds a secret.
  public static func contains(_ name: String) -> Bool {
    if name.hasPrefix("FLOTILLA_"), name.hasSuffix("TOKEN") || name.hasSuffix("SECRET") { return true }
    return named.withLock { $0.contains(name) }
  }
}

extension Program {
  /// What other programs get of this process's environment: all but the secrets.
  public static func inherited(_ environment: [String: String]) -> [String: String] {
    environment.filter { name, _ in !SecretVariables.contains(name) }
  }
}
