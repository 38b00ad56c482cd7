/// The page's script. It sorts, filters and pages the table, which the page contains as data.
///
/// It inserts text only through `textContent`, so no text is parsed as markup.
enum PageScript {
  static let text = String(embedded: PackageResources.page_js)
}
