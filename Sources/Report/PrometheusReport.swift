internal import Basics
internal import Upgrade

/// Gauges for node_exporter's textfile collector. There are no series for single installations.
struct PrometheusReport: ReportRenderer {
  /// One metric with its samples.
  struct Metric {
    let name: String
    let help: String
    /// The labels besides the fleet's name, and the value.
    let samples: [(labels: [(String, String)], value: String)]
  }

  private let content: ReportContent

  init(_ content: ReportContent) { self.content = content }

  func write(_ body: (String) throws -> Void) throws {
    let overview = try Overview(header: content.readHeader())
    let fleet = overview.header.fleet
    for metric in Self.metrics(overview) {
      try body("# HELP \(metric.name) \(metric.help)\n# TYPE \(metric.name) gauge\n")
      for sample in metric.samples {
        let labels = ([("fleet", fleet)] + sample.labels).map { "\($0)=\"\(Self.escaped($1))\"" }
        try body("\(metric.name){\(labels.joined(separator: ","))} \(sample.value)\n")
      }
    }
  }

  static func metrics(_ overview: Overview) -> [Metric] {
    let header = overview.header
    let one = { (value: String) -> [(labels: [(String, String)], value: String)] in [([], value)] }
    return [
      Metric(
        name: "flotilla_installations", help: "Installations by recorded version; unknown could not be read.",
        samples: overview.versions.map { ([("version", $0.name)], "\($0.count)") }),
      Metric(
        name: "flotilla_installations_by_status", help: "Installations by what became of them.",
        samples: Status.allCases.map { ([("status", $0.rawValue)], "\(overview.count($0))") }),
      Metric(
        name: "flotilla_drifted_installations", help: "Installations that differ from what they record.",
        samples: one("\(overview.drifted)")),
      Metric(
        name: "flotilla_latest_version", help: "Version of the latest migration.",
        samples: one(overview.latest)),
      Metric(
        name: "flotilla_report_timestamp_seconds", help: "When the report was made, in seconds since 1970.",
        samples: one(Numbers.decimal(Numbers.seconds(header.run.finishedAt) ?? 0))),
      Metric(
        name: "flotilla_run_duration_seconds", help: "How long the run took, in seconds.",
        samples: one(Numbers.decimal(header.seconds ?? 0))),
    ] + lockTimes(header.locked)
  }

  private static func lockTimes(_ locked: ReportedLockTimes?) -> [Metric] {
    guard let locked else { return [] }
    let seconds = { (milliseconds: Double) in Numbers.decimal(milliseconds / 1000, digits: 6) }
    return [
      Metric(
        name: "flotilla_longest_lock_seconds",
        help: "The longest time for which writers of an installation had to wait, in seconds.",
        samples: [([], seconds(locked.longest))]),
      Metric(
        name: "flotilla_median_lock_seconds",
        help: "The time for which writers had to wait at most in half of the installations, in seconds.",
        samples: [([], seconds(locked.median))]),
    ]
  }

  private static func escaped(_ value: String) -> String {
    // By scalar: as a character, a line end can be joined to what precedes it, and a quote to what follows.
    value.harmless(keeping: "\t\n").unicodeScalars.reduce(into: "") { text, scalar in
      switch scalar {
      case "\\": text += "\\\\"
      case "\"": text += "\\\""
      case "\n": text += "\\n"
      default: text.unicodeScalars.append(scalar)
      }
    }
  }
}
