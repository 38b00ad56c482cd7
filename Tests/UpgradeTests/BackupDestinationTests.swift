import Foundation
import TestSupport
import Testing

@testable import Upgrade

/// What every destination of backups promises. One that is added is added to `all`.
@Suite struct BackupDestinationTests {
  private let folder: TemporaryFolder
  private let run = "01J00000000000000000000000"

  init() throws { folder = try TemporaryFolder() }

  static let all = ["folder"]

  private func destination(_ kind: String) throws -> any BackupDestination {
    switch kind {
    case "folder": BackupDestinations.at(folder.file("state/backups"))
    default: throw SupportError("there is no destination \(kind)")
    }
  }

  @discardableResult
  private func put(_ text: String, at location: String, in destination: any BackupDestination) throws
    -> String
  {
    let unfinished = try destination.put(location)
    try Data(text.utf8).write(to: URL(filePath: unfinished.file))
    try unfinished.publish()
    return location
  }

  private func read(_ location: String, in destination: any BackupDestination) throws -> String {
    try destination.open(location) { try String(contentsOfFile: $0, encoding: .utf8) }
  }

  @Test(arguments: all)
  func `a backup that isn't published is not there, and leaves what was there before`(kind: String) throws {
    let destination = try destination(kind)
    let location = destination.location(run, "berlin")
    let first = try destination.put(location)
    #expect(!destination.has(location))
    #expect(try destination.list(run).isEmpty)
    first.discard()
    #expect(try destination.runs().isEmpty)
    try put("old", at: location, in: destination)
    let second = try destination.put(location)
    try Data("new".utf8).write(to: URL(filePath: second.file))
    #expect(try read(location, in: destination) == "old")
    second.discard()
    #expect(try read(location, in: destination) == "old")
    try put("new", at: location, in: destination)
    #expect(try read(location, in: destination) == "new")
  }

  @Test(arguments: all)
  func `only this user can read a backup, from its first byte on`(kind: String) throws {
    let destination = try destination(kind)
    let unfinished = try destination.put(destination.location(run, "berlin"))
    let attributes = try FileManager.default.attributesOfItem(atPath: unfinished.file)
    #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
    unfinished.discard()
  }

  @Test(arguments: all)
  func `what a killed run left is no backup, and goes when the run is ended`(kind: String) throws {
    let destination = try destination(kind)
    try destination.begin(run)
    _ = try destination.put(destination.location(run, "lima"))
    #expect(try destination.runs() == [run] && destination.list(run).isEmpty)
    destination.end(run)
    #expect(try destination.runs().isEmpty)
    let location = try put("b", at: destination.location(run, "berlin"), in: destination)
    _ = try destination.put(destination.location(run, "lima"))
    destination.end(run)
    #expect(try destination.list(run) == [location])
    #expect(destination.name(in: location) == "berlin")
  }

  @Test(arguments: all)
  func `removing twice is removing once, and what can't be removed is said`(kind: String) throws {
    let destination = try destination(kind)
    let location = try put("b", at: destination.location(run, "berlin"), in: destination)
    try destination.remove(location)
    try destination.remove(location)
    #expect(try !destination.has(location) && destination.runs().isEmpty)
    try FileManager.default.createDirectory(atPath: location, withIntermediateDirectories: true)
    let failure = #expect(throws: Failure.self) { try destination.remove(location) }
    #expect(failure?.message.contains(location) == true)
  }

  @Test(arguments: all)
  func `a backup that isn't there can't be opened`(kind: String) throws {
    let destination = try destination(kind)
    #expect(throws: (any Error).self) { try read(destination.location(run, "berlin"), in: destination) }
  }

  @Test(arguments: all)
  func `where nothing can be stored a run doesn't begin`(kind: String) throws {
    try folder.write("", to: "state")
    let destination = try destination(kind)
    #expect(throws: Failure.self) { try destination.begin(run) }
    #expect(throws: Failure.self) { _ = try destination.put(destination.location(run, "berlin")) }
  }

  @Test(arguments: all) func `a location leads to its destination`(kind: String) throws {
    let destination = try destination(kind)
    let location = destination.location(run, "berlin")
    #expect(BackupDestinations.holding(location).address == destination.address)
  }

  @Test func `the room of a folder that isn't made yet is that of the folder above it`() throws {
    let room = try #require(BackupDestinations.at(folder.file("a/b")).room())
    #expect(room.place == folder.path && room.free > 0)
    #expect(room.device == FileSystem.device(folder.path))
  }
}
