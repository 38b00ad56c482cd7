import Glibc

// A coordinator that is gone is found out by what a write returns.
signal(SIGPIPE, SIG_IGN)
Agent().run()
