internal import Fleet

/// The arguments of ssh. No shell on this machine reads them.
struct SSHCommand {
  let host: Host
  let settings: FleetFile.SSH

  /// All arguments; the last is `line`, for the shell on the host.
  ///
  /// For each option, ssh uses the first value that it is given. So mandatory values come before the user's options,
  /// those of the host before those of the fleet, and defaults come last.
  func arguments(_ line: String) -> [String] {
    let checking = settings.hostKey == .strict ? "yes" : "accept-new"
    let seconds = max(1, Int(settings.connectTimeout.components.seconds))
    var words = ["-T", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=\(checking)"]
    if let identity = host.identity { words += ["-i", identity, "-o", "IdentitiesOnly=yes"] }
    words += host.options + settings.options
    words += [
      "-o", "ConnectTimeout=\(seconds)", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3",
    ]
    words += ["-o", "LogLevel=ERROR"]
    if let port = host.port { words += ["-p", String(port)] }
    if let user = host.user { words += ["-l", user] }
    return words + ["--", host.address, line]
  }
}

/// The command line for the shell on the host: it runs the agent, after receiving it if it isn't there yet.
struct Bootstrap {
  /// Printed instead of the agent's greeting if the agent has to be sent.
  static let need = Array("FLOTNEED".utf8)
  /// Printed if the host can't take the agent; the reason follows.
  static let fail = Array("FLOTFAIL".utf8)

  /// Printed if programs can't be run in the agent's folder; the reason follows.
  static let cannotRun = Array("FLOTEXEC".utf8)

  /// The parameters are `$1`, the agent's SHA-256; `$2`, its size in bytes; `$3`, the machine type that it is built
  /// for; `$4`, its folder, or empty. The file gets its name only when it is complete, so an existing file is exactly
  /// that agent. For this to hold, the folder must belong to this user, and nobody else may write there. Before it
  /// asks for the agent, the script runs an empty script in the folder. After the agent has arrived, it is run once
  /// without input. A file that can't be run is removed. The script contains no single quote and no line break.
  private static let script =
    ##"""
    d="$4"; case "$d" in "") d="${XDG_CACHE_HOME:-$HOME/.cache}/flotilla";; "~/"*) d="$HOME/${d#??}";; esac; \##
    f="$d/$1"; fail() { printf "FLOTFAIL%s" "$1"; exit 3; }; \##
    noexec() { rm -f "$p" "$f"; printf "FLOTEXEC%s" "nothing can be run in $d"; exit 3; }; \##
    mine() { [ -O "$d" ] && case "$(ls -ld "$d/.")" in d????-??-*) :;; *) false;; esac; }; \##
    own() { mine || fail "the folder $d is not of this user alone: others own it or may write there"; }; \##
    if [ -d "$d" ]; then own; fi; \##
    if ! [ -x "$f" ]; then m="$(uname -m)"; \##
    [ "$m" = "$3" ] || fail "the host is $m and the agent is made for $3"; \##
    umask 077; mkdir -p "$d" || fail "the folder $d can not be made"; own; \##
    p="$f.$$.part"; printf "#!/bin/sh\n" >"$p" && chmod 700 "$p" || fail "$d can not be written"; \##
    "$p" || noexec; printf FLOTNEED; \##
    if head -c "$2" >"$p" && [ "$(sha256sum <"$p")" = "$1  -" ] && mv -f "$p" "$f"; \##
    then :; else rm -f "$p"; fail "the agent did not arrive whole in $d"; fi; \##
    "$f" </dev/null >/dev/null || { rm -f "$f"; fail "the agent can not be run in $d"; }; fi; exec "$f"
    """##

  let line: String

  /// Sends `program` if the host doesn't have it; to `folder`, or to the cache folder of the user who runs the agent.
  init(_ program: AgentProgram, folder: String?, become: String?) {
    let words = [
      "/bin/sh", "-c", Self.script, "flotilla", program.sha256, String(program.size), program.machine,
      folder ?? "",
    ]
    line = Self.line(words, become)
  }

  /// Runs the agent that is installed at `path`.
  init(installed path: String, become: String?) { line = Self.line([path], become) }

  private static func line(_ words: [String], _ become: String?) -> String {
    let sudo = become.map { ["sudo", "-n", "-H", "-u", $0, "--"] } ?? []
    return "exec " + (sudo + words).map(quoted).joined(separator: " ")
  }

  /// Quotes a word for any shell: single quotes keep the text as it is, and a quote in the text is placed outside of
  /// them.
  private static func quoted(_ word: String) -> String {
    "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
  }
}
