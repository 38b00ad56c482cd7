import TestSupport
import Testing

/// A missing prerequisite fails a test, and is excused only where that is asked for.
@Suite struct PrerequisiteTests {
  private static let missing = Prerequisite.program("no-such-program", package: "its-package")

  @Test func `a missing program is an error that says what installs it`() {
    let error = #expect(throws: SupportError.self) { try Self.missing.isMet(isSkipping: false) }
    #expect(
      error?.description
        == "no-such-program is missing: `make test` installs it, or run `scripts/setup its-package`")
    #expect(throws: SupportError.self) { try Self.missing.require(isSkipping: false) }
  }

  @Test func `a missing program is excused by make check, and one that is there needs no excuse`() throws {
    #expect(try !Self.missing.isMet(isSkipping: true))
    #expect(try Prerequisite.program("sh").isMet(isSkipping: false))
  }

  @Test func `a proof that fails is missing with its sentence`() {
    #expect(Prerequisite.proof("exit 1", "run this").complaint == "run this")
    #expect(Prerequisite.proof("exit 0", "run this").complaint == nil)
  }
}
