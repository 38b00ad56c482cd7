internal import Fleet

/// The words that ssh is run with. No shell reads them here.
struct SSHCommand {
  let host: Host
  let settings: FleetFile.SSH

  /// All arguments, with `line` for the shell on the host at the end.
  ///
  /// ssh takes the first value it is given for an option: what must hold stands before the user's own options, those of
  /// the host before those of the fleet, and what is a default behind them.
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

/// The one line that a shell on the host reads: it runs the agent, after taking it in where it isn't there.
struct Bootstrap {
  /// What the host says instead of the agent's greeting when the agent has to be sent.
  static let need = Array("FLOTNEED".utf8)
  /// What it says when it can't; the reason follows.
  static let fail = Array("FLOTFAIL".utf8)

  /// What it says when no program can be run in the folder for the agent; the reason follows.
  static let cannotRun = Array("FLOTEXEC".utf8)

  /// `$1` is the agent's SHA-256, `$2` its size in bytes, `$3` the machine that it is made for, `$4` its folder, or
  /// nothing. The file gets its name when it is whole, so one that is there is that very agent: for that the folder must
  /// be this user's, and nobody else may write there. Before the agent is asked for, an empty script is run in the
  /// folder, and when it has arrived, it is run once without input; what can't be run is removed. There is no single
  /// quote in it, and no line break.
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

  /// Sends `program` where it isn't there, to `folder`, or to the cache of the user who works there.
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

  /// In single quotes every shell takes a text as it is; a quote of its own stands outside of them.
  private static func quoted(_ word: String) -> String {
    "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
  }
}
