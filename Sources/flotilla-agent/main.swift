import Glibc
import Wire

// A coordinator starts the agent without arguments. The options are for people who install it themselves.
switch Array(CommandLine.arguments.dropFirst()) {
case []:
  // The return value of a write shows that the coordinator is gone.
  signal(SIGPIPE, SIG_IGN)
  Agent().run()
case ["--version"]:
  print("flotilla-agent \(programVersion)")
case ["--help"], ["-h"]:
  print(
    """
    OVERVIEW: Works on the SQLite databases of this host for a flotilla on another machine.

    flotilla starts it over SSH and talks to it on standard input and output.

    USAGE: flotilla-agent [--version] [--help]
    """)
default:
  let usage = "Usage: flotilla-agent [--version] [--help]; flotilla starts it over SSH without arguments\n"
  _ = usage.withCString { write(STDERR_FILENO, $0, strlen($0)) }
  exit(64)
}
