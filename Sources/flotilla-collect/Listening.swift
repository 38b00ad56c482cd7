import ArgumentParser
import FlyingFox
import FlyingSocks
import Foundation

/// The address to listen on: `127.0.0.1:8080`, `[::1]:8080`, `0.0.0.0:8080`.
struct Listening: ExpressibleByArgument {
  let address: any SocketAddress
  let isLoopback: Bool
  var defaultValueDescription: String { "127.0.0.1:8080" }

  /// Port 8080 on loopback.
  init() {
    var address = sockaddr_in.inet(port: 8080)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    self.address = address
    isLoopback = true
  }

  init?(argument: String) {
    guard let colon = argument.lastIndex(of: ":"),
      let port = UInt16(argument[argument.index(after: colon)...])
    else { return nil }
    var host = String(argument[..<colon])
    if host == "localhost" { host = "127.0.0.1" }
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
      guard let address = try? sockaddr_in6.inet6(ip6: host, port: port) else { return nil }
      self.address = address
      isLoopback = host == "::1"
    } else {
      guard let address = try? sockaddr_in.inet(ip4: host, port: port) else { return nil }
      self.address = address
      isLoopback = host.hasPrefix("127.")
    }
  }

  /// The actual address as a URL.
  static func url(_ address: Socket.Address?) -> String? {
    switch address {
    case .ip4(let host, let port): "http://\(host):\(port)/"
    case .ip6(let host, let port): "http://[\(host)]:\(port)/"
    case .unix, nil: nil
    }
  }
}
