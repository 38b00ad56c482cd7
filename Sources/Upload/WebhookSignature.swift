internal import Crypto
internal import FoundationEssentials

/// The signature of one message by the Standard Webhooks scheme (https://www.standardwebhooks.com, "Symmetric"):
///
/// 1. "the content to sign is the `webhook-id`, the `webhook-timestamp` and the body, separated by the full-stop
///    character": `{id}.{timestamp}.{body}`
/// 2. the key is the secret, base64-decoded, without its prefix `whsec_`: `SigningSecret`
/// 3. HMAC-SHA256 of the content with the key
/// 4. "the signature scheme identifier, followed by a comma, followed by the base64 encoded signature": `v1,…`
/// 5. "several signatures, separated by a space", for the rotation of secrets
///
/// The body is added piece by piece, so that memory doesn't grow with it.
public struct WebhookSignature {
  private var codes: [HMAC<SHA256>]

  /// Starts a signature for each secret. `timestamp` is in seconds since 1970.
  public init(id: String, timestamp: String, secrets: [SigningSecret]) {
    codes = secrets.map { HMAC(key: $0.key) }
    add(Array("\(id).\(timestamp).".utf8)[...])  // Step 1.
  }

  /// Adds the next bytes of the body.
  public mutating func add(_ bytes: ArraySlice<UInt8>) {
    for index in codes.indices { codes[index].update(data: bytes) }  // Step 3.
  }

  /// The value of the header `webhook-signature`.
  public var header: String {
    codes.map { "v1," + Data($0.finalize()).base64EncodedString() }.joined(separator: " ")  // Steps 4 and 5.
  }

  /// Whether a signature in a header was made with one of the secrets. The comparison takes constant time.
  public func matches(_ header: String) -> Bool {
    let given = header.split(separator: " ").filter { $0.hasPrefix("v1,") }.prefix(20).compactMap {
      Data(base64Encoded: String($0.dropFirst(3)))
    }
    return codes.contains { code in
      let expected = code.finalize()
      // Comparing an authentication code takes constant time in swift-crypto.
      return given.contains { expected == $0 }
    }
  }
}
