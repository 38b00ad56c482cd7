import TestSupport

@testable import Fleet

/// A state folder in a temporary folder, which is removed with its last reference.
func newStateFolder() throws -> (TemporaryFolder, StateFolder) {
  let folder = try TemporaryFolder()
  let state = StateFolder(folder.file("state"))
  try state.create()
  return (folder, state)
}
