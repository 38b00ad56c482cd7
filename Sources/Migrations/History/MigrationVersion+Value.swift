public import SQLite
public import Schema

extension MigrationVersion {
  /// The version as SQLite stores it: an integer or a text.
  public var value: Value { number.map(Value.integer) ?? .text(description) }
}
