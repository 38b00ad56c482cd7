/// The folder of the file at `path`, as text; `.` if the path has no slash.
///
/// This is the part before the last slash. Links are not followed, and `..` has no special meaning.
public func parentFolder(of path: some StringProtocol) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// The part of `path` after its last slash; all of it if it has none.
public func fileName(of path: some StringProtocol) -> String {
  String(path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...])
}

/// Returns `path` if it is absolute, otherwise `path` in `folder`, without `.` and repeated slashes.
///
/// `..` is kept, because its meaning depends on symbolic links.
public func absolutePath(_ path: String, in folder: String) -> String {
  let whole = path.hasPrefix("/") ? path : "\(folder)/\(path)"
  return "/" + whole.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
}
