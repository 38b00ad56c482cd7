import Basics
import Testing

@testable import Upload

@Suite struct EndpointTests {
  @Test(arguments: [
    ("", EndpointError.Code.malformed), ("collector.example.net", .malformed), ("https://", .malformed),
    ("https:// a", .malformed), ("https://a/\r\nb", .malformed), ("https://a:port/", .malformed),
    ("file:///etc/passwd", .scheme), ("ftp://example.net/", .scheme), ("gopher://example.net/", .scheme),
    ("https://ann@example.net/", .userInformation), ("https://ann:s3cret@example.net/", .userInformation),
  ])
  func `what isn't a plain http or https address is refused`(url: String, code: EndpointError.Code) throws {
    let error = try #require(throws: EndpointError.self) { try Endpoint(url: url) }
    #expect(error.code == code)
    #expect(!error.description.contains("s3cret"))
  }

  @Test func `a token that would travel in the clear is warned of`() throws {
    let token = try Secret("t0ken")
    #expect(try Endpoint(url: "https://example.net/", token: token).warning == nil)
    #expect(try Endpoint(url: "http://example.net/").warning == nil)
    for here in ["127.0.0.1:8080", "localhost", "[::1]:80"] {
      #expect(try Endpoint(url: "http://\(here)/", token: token).warning == nil)
    }
    #expect(try Endpoint(url: "http://127.example.net/", token: token).warning != nil)
    #expect(
      try Endpoint(url: "http://example.net/", token: token).warning
        == "the token goes to example.net unencrypted; use https")
  }

  @Test func `an endpoint is known by its host`() throws {
    #expect(try Endpoint(url: "HTTPS://Example.net:8443/a?b").description == "Example.net")
    #expect(try Endpoint(url: "http://[::1]:8080/").description == "[::1]")
  }
}
