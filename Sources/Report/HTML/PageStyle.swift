/// The page's style sheet. Color is never the only difference: each status also has a word, a sign and a pattern.
enum PageStyle {
  static let text = String(embedded: PackageResources.page_css)
}
