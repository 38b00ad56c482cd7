/// The page's script: sorts, filters and pages through the table, which stands in the page as data.
///
/// Text only ever gets into the page through `textContent`, so that none of it is read as markup.
enum PageScript {
  static let text = String(embedded: PackageResources.page_js)
}
