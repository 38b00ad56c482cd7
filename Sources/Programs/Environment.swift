internal import Synchronization

/// The environment variables that hold secrets. They are removed from the environment of every program that is started.
///
/// Secrets are `FLOTILLA_…TOKEN` and `FLOTILLA_…SECRET`, and the variables that a fleet file uses for a token or a
/// secret. The latter are registered for the whole process, so that no caller can forget to pass them on. Variables are
/// never unregistered.
public enum SecretVariables {
  private static let named = Mutex<Set<String>>([])

  /// Registers variables that hold secrets.
  public static func add(_ names: some Sequence<String>) { named.withLock { $0.formUnion(names) } }

  /// Whether the variable of this name holds a secret.
  public static func contains(_ name: String) -> Bool {
    if name.hasPrefix("FLOTILLA_"), name.hasSuffix("TOKEN") || name.hasSuffix("SECRET") { return true }
    return named.withLock { $0.contains(name) }
  }
}

extension Program {
  /// The part of this process's environment that other programs get: everything except the secrets.
  public static func inherited(_ environment: [String: String]) -> [String: String] {
    environment.filter { name, _ in !SecretVariables.contains(name) }
  }
}
