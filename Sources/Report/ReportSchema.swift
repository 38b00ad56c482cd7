/// The JSON Schema of `flotilla.report/1`, which is published in `schemas/`.
public enum ReportSchema {
  /// The schema.
  public static let text = String(decoding: PackageResources.report_schema_json, as: UTF8.self)
}
