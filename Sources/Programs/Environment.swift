extension Program {
  /// What other programs get of this process's environment: all but the secrets of reports.
  public static func inherited(_ environment: [String: String]) -> [String: String] {
    environment.filter { name, _ in
      !name.hasPrefix("FLOTILLA_") || !(name.hasSuffix("TOKEN") || name.hasSuffix("SECRET"))
    }
  }
}
