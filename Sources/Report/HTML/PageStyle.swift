/// The page's style sheet. Colours never stand alone: each status has its word, its sign and its pattern too.
enum PageStyle {
  static let text = String(embedded: PackageResources.page_css)
}
