internal import Crypto
internal import FoundationEssentials

/// The frame of every page: a single file that makes no network requests, and whose policy forbids them.
package enum Page {
  /// The Content-Security-Policy of every page. It allows the page's own style and script, and nothing else.
  package static let policy =
    "default-src 'none'; style-src \(hash(PageStyle.text)); script-src \(hash(PageScript.text)); "
    + "img-src data:; base-uri 'none'; form-action 'none'"

  /// The hash that identifies a constant style or script in a Content-Security-Policy.
  private static func hash(_ text: String) -> String {
    "'sha256-\(Data(SHA256.hash(data: Data(text.utf8))).base64EncodedString())'"
  }

  /// A whole page without a script. `title` is shown by the browser; `header` is the heading with its surroundings.
  package static func text(title: String, header: Markup, _ sections: [Markup]) -> String {
    start(title: title, header: header).text + Markup(sections).text + "</main>\n</body>\n</html>\n"
  }

  /// A page up to its first section. `skip` is a link that skips the first sections.
  static func start(title: String, skip: Markup = .nothing, header: Markup) -> Markup {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="\(trusted: policy)">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="referrer" content="no-referrer">
    <link rel="icon" href="data:,">
    <title>\(title)</title>
    <style>\(trusted: PageStyle.text)</style>
    </head>
    <body>
    \(trusted: Signs.definitions)
    \(skip)<header class="wrap">
    \(header)</header>
    <main class="wrap">

    """
  }
}
