import BenchSupport
import Foundation
import Schema
import TestSupport
import Testing

@testable import Upgrade

@Suite struct PreflightTests {
  @Test func `network file systems are known by the kernel's name, those of FUSE by their program`() {
    for type in ["nfs", "nfs4", "cifs", "smb3", "9p", "afs", "ceph", "gfs2", "ocfs2"] {
      #expect(Mount.isNetwork(type), "\(type)")
    }
    for program in ["sshfs", "glusterfs", "s3fs", "rclone"] { #expect(Mount.isNetwork("fuse.\(program)")) }
    for type in [
      "ext4", "xfs", "btrfs", "tmpfs", "overlay", "zfs", "fuse", "fuseblk", "fuse.lxcfs", "fuse.ntfs-3g",
    ] {
      #expect(!Mount.isNetwork(type), "\(type)")
    }
  }

  private static let list = #"""
    22 27 0:21 / /proc rw,relatime - proc proc rw
    27 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
    40 27 0:50 / /srv rw - autofs systemd-1 rw
    41 27 0:51 / /srv rw shared:3 master:4 - nfs4 nas:/srv rw
    42 27 0:52 / /srv/my\040shop rw - fuse.sshfs x@y:/z rw
    not a mount
    """#

  @Test(
    arguments: [
      ("/var/db", "ext4"), ("/srv", "nfs4"), ("/srvx/db", "ext4"), ("/srv/db", "nfs4"),
      ("/srv/my shop/db", "fuse.sshfs"), ("/srv/my shopping", "nfs4"), ("/proc/1", "proc"),
    ])
  func `a path is on the deepest mount above it, and on the last of those in one place`(
    path: String, type: String
  ) {
    #expect(Mount.of(path, in: Mount.list(Self.list))?.type == type)
  }

  @Test func `a database on a network file system is refused unless that is accepted`() throws {
    let bench = try Bench()
    let mounts = Mounts { "27 1 0:44 / / rw - nfs4 nas:/ rw" }
    let failure = Preflight(bench.options, mounts).networkFileSystem(of: bench.path)
    #expect(failure?.code == .networkFileSystem)
    #expect(failure?.message.hasPrefix("it is on a network file system (nfs4 at /)") == true)
    var found = Outcome(status: .pending)
    found.pending = [2]
    let checked = Preflight(bench.options, mounts).checked(found, at: bench.path)
    #expect(checked.status == .failed)
    #expect(checked.pending == [2])
    bench.options.networkFileSystems = true
    #expect(Preflight(bench.options, mounts).networkFileSystem(of: bench.path) == nil)
    #expect(Preflight(bench.options, mounts).checked(found, at: bench.path).status == .pending)
  }

  @Test func `the file systems of this machine are local`() throws {
    let bench = try Bench()
    #expect(Mounts().mount(of: bench.path)?.isNetwork == false)
    #expect(Mounts().mount(of: "/proc/self/status")?.type == "proc")
    #expect(Mounts().mount(of: "/no/such/file") == nil)
  }

  @Test func `sizes are told such that the comparison stays true`() {
    #expect(FileSystem.text(11_200_000, .up) == "12 MB")
    #expect(FileSystem.text(3_900_000, .down) == "3 MB")
    #expect(FileSystem.text(1, .up) == "1 kB")
    #expect(FileSystem.text(25_000_000_001, .up) == "26 GB")
  }

  @Test func `a process that has the file open is named, this one isn't`() throws {
    let bench = try Bench()
    try bench.migration("0002_add_age.sql", "ALTER TABLE parents ADD COLUMN age INTEGER;")
    let own = open(bench.path, O_RDONLY | O_CLOEXEC)
    defer { close(own) }
    #expect(OpenFiles().holders(of: bench.path).isEmpty)
    let holder = try BackgroundTool.holding(bench.path)
    defer { holder.end() }
    #expect(try bench.worker().inspect(bench.path).openBy == [])
    bench.options.preflight = true
    let outcome = try bench.worker().inspect(bench.path)
    #expect(outcome.status == .pending)
    #expect(outcome.openBy == ["sh (pid \(holder.pid))"])
    #expect(outcome.programs == ["sh"])
    #expect(try bench.upgrade().openBy == outcome.openBy)
  }
}
