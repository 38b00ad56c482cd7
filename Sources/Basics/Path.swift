/// The folder of the file at `path`, as text; `.` where the path names none.
///
/// It is the part before the last slash: links are not followed, and `..` is a name like any other.
public func parentFolder(of path: some StringProtocol) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// The part of `path` behind its last slash; all of it where it has none.
public func fileName(of path: some StringProtocol) -> String {
  String(path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...])
}

/// `path` where it is absolute, else `path` in `folder`, without `.` and doubled slashes.
///
/// `..` stays: what it leads to depends on symbolic links.
public func absolutePath(_ path: String, in folder: String) -> String {
  let whole = path.hasPrefix("/") ? path : "\(folder)/\(path)"
  return "/" + whole.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
}
