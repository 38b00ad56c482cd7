import Foundation
import TestSupport
import Testing

/// What is installed beside the program says what it is.
@Suite struct PackagingTests {
  @Test func `the agent and the collector have the program's version`() throws {
    let version = try #require(Self.run("flotilla", "--version").output.split { " \n".contains($0) }.last)
    for name in ["flotilla-agent", "flotilla-collect"] {
      let run = try Self.run(name, "--version")
      #expect(run.status == 0 && run.output == "\(name) \(version)\n", "\(run.output)\(run.errors)")
      #expect(try Self.run(name, "--help").output.contains("USAGE: flotilla"))
    }
  }

  @Test(arguments: [["--listen"], ["--version", "--help"], [""]])
  func `the agent takes no other arguments, and does not wait for a coordinator then`(words: [String]) throws
  {
    let run = try Program.shell(
      "\"$FLOTILLA-agent\" \(words.map { "'\($0)'" }.joined(separator: " "))", in: "/tmp")
    #expect(run.status == 64 && run.errors.hasPrefix("Usage: flotilla-agent"), "\(run.status) \(run.errors)")
  }

  @Test(.needs(.python)) func `the man page has every command and every exit status`() throws {
    let page = try Tool.run([
      "\(Repository.root)/scripts/man-page", Program.path, "0.0.0", "/usr/share/doc/flotilla",
      "flotilla-agent",
    ])
    #expect(page.status == 0, "\(page.errors)")
    let help = try Self.run("flotilla", "--help").output
    let list = help.split(separator: "\n", omittingEmptySubsequences: false).drop { $0 != "SUBCOMMANDS:" }
    let commands = list.dropFirst().prefix { !$0.isEmpty }.compactMap { line in
      line.hasPrefix("  ") && !line.hasPrefix("   ") ? line.split(separator: " ").first : nil
    }
    #expect(commands.count > 10)
    for command in commands where command != "help" {
      #expect(page.output.contains("\n.SS \(command)\n"), "\(command)")
    }
    for status in ["0", "1", "3", "4", "5", "6", "64", "130 or 143"] {
      #expect(page.output.contains("\\fB\(status)\\fR\n"), "\(status)")
    }
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func `completions are made for each shell that they are installed for`(shell: String) throws {
    let script = try Self.run("flotilla", "--generate-completion-script", shell)
    #expect(script.status == 0 && script.output.contains("migrate"))
  }

  private static func run(_ name: String, _ words: String...) throws -> Tool.Result {
    try Tool.run(["\(Tool.buildFolder)/\(name)"] + words)
  }
}
