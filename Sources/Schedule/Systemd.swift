/// A service and the timer that starts it.
public struct SystemdUnits: Hashable, Sendable {
  /// The text of `NAME.service`.
  public let service: String
  /// The text of `NAME.timer`.
  public let timer: String

  /// The first words of each file that is written here.
  public static let mark = "# Written by flotilla schedule"

  /// Creates the units.
  ///
  /// - Parameters:
  ///   - check: the check that they run.
  ///   - isUser: whether they are for a user's manager, which can neither drop capabilities nor mount.
  /// - Throws: ``ScheduleError`` if systemd can't start the program because of its path.
  public init(_ check: ScheduledCheck, isUser: Bool) throws(ScheduleError) {
    guard !check.program.contains(where: { "'\"\\".contains($0) }) else {
      throw ScheduleError(
        "systemd starts no program with a quote or backslash in its path: \(check.program); copy it elsewhere"
      )
    }
    let origin = "\(Self.mark) for \"\(check.files.fleet)\".\n"
    let title = Quoting.specifiers("Flotilla, fleet \(check.fleet): \(check.command.first ?? "")")
    service =
      origin + "[Unit]\nDescription=\(title)\n" + (isUser ? "" : Self.network) + Self.service(check)
      + (isUser ? "" : Self.sandbox(check)) + Self.filters
    timer = origin + Self.timer(check, title)
  }

  private static let network = """
    # For the upload of a report. A check that comes before the network leaves its report in the outbox.
    Wants=network-online.target
    After=network-online.target

    """

  private static func service(_ check: ScheduledCheck) -> String {
    // The ":" prevents systemd from replacing $NAME in the words.
    let start = check.words.map(Quoting.systemd).joined(separator: " ")
    let variables = check.environmentFile.map(Quoting.specifiers) ?? "%E/flotilla/\(check.name).env"
    return """

      [Service]
      Type=oneshot
      ExecStart=:\(start)
      # Tokens and other variables of the fleet file, as NAME=value; mode 0600. They never stand in this file.
      EnvironmentFile=-\(variables)
      # 4 (drift found) and 3 (some installations couldn't be read) are failures, so that the unit shows as failed and
      # OnFailure= of a drop-in (systemctl edit) can alert. 143 is what a stop by systemctl comes to.
      SuccessExitStatus=143
      TimeoutStartSec=\(check.longest)
      Nice=10
      IOSchedulingClass=idle
      UMask=0077

      """
  }

  private static func sandbox(_ check: ScheduledCheck) -> String {
    let writable = check.folders.filter { !Folders.contains(check.state, $0) && $0 != check.state }
    // With "-", a missing installation doesn't prevent the start. The check reports it.
    let paths = [check.state] + writable.map { "-\($0)" }
    let all = check.files.all + [check.program, check.state] + check.folders
    let isHome = (writable + [check.state]).contains(where: isShared(["/home", "/root", "/run/user"]))
    let isTemporary = all.contains(where: isShared(["/tmp", "/var/tmp"]))
    let home =
      isHome
      ? "# Installations or state are in a home; ProtectSystem=strict makes the rest of it read-only.\n" : ""
    let temporary = isTemporary ? "# Something that the check needs is in the shared /tmp or /var/tmp.\n" : ""
    return """

      ProtectSystem=strict
      # A check only reads. But where an application has a database in WAL mode open, or crashed with it, SQLite has a
      # reader take its locks in the -shm file beside the database, and may have to make or recover it.
      ReadWritePaths=\(paths.map(Quoting.systemd).joined(separator: " \\\n  "))
      \(home)ProtectHome=\(isHome ? "no" : "read-only")
      \(temporary)PrivateTmp=\(isTemporary ? "no" : "yes")
      PrivateDevices=yes
      ProtectClock=yes
      ProtectControlGroups=yes
      ProtectHostname=yes
      ProtectKernelLogs=yes
      ProtectKernelModules=yes
      ProtectKernelTunables=yes
      # To read databases of any owner, and to give the files that SQLite makes beside them the owner of the database.
      CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER

      """
  }

  private static func isShared(_ tops: [String]) -> (String) -> Bool {
    { path in tops.contains { Folders.contains($0, path) || Folders.contains(path, $0) } }
  }

  private static let filters = """
    NoNewPrivileges=yes
    LockPersonality=yes
    RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
    RestrictNamespaces=yes
    RestrictRealtime=yes
    RestrictSUIDSGID=yes
    SystemCallArchitectures=native
    SystemCallFilter=@system-service
    SystemCallErrorNumber=EPERM

    """

  private static func timer(_ check: ScheduledCheck, _ title: String) -> String {
    let times =
      check.recurrence.calendar.map {
        "OnCalendar=\($0)\n# A check that fell into a pause is made up for, once.\nPersistent=true"
      }
      ?? "OnActiveSec=1min\nOnUnitActiveSec=\(check.recurrence.seconds)"
    return """
      [Unit]
      Description=\(title)

      [Timer]
      \(times)
      # So that many machines don't call the collector at the same moment.
      RandomizedDelaySec=\(check.delay)
      AccuracySec=\(min(check.delay, 60))

      [Install]
      WantedBy=timers.target

      """
  }
}
