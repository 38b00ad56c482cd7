"""Reads what shim.c recorded, and builds the files that a disk can hold after a power cut.

A file keeps the content of its last sync and the writes and sizes since. A folder keeps the entries of its last sync
and the changes since: syncing a file makes no entry of its folder durable, as POSIX has it.
"""

import collections
import hashlib
import os

Call = collections.namedtuple("Call", "number name inode offset length result path other data")

# The smallest piece that a disk writes wholly or not at all.
BLOCK = 512


def read(path):
    """Each call of a recording, in order."""
    with open(path, "rb") as file:
        while line := file.readline():
            number, name, inode, offset, length, result, first, second = line.decode().rstrip("\n").split("\t")
            data = file.read(int(length))
            yield Call(int(number), name, int(inode), int(offset), int(length), int(result), first, second, data)


class File:
    def __init__(self, content=b""):
        self.durable = content
        self.now = bytearray(content)
        self.since = []  # (sequence, offset, data) of a write, (sequence, size, None) of a new size

    def write(self, sequence, offset, data):
        self.resize_to(offset)
        self.now[offset : offset + len(data)] = data
        self.since.append((sequence, offset, data))

    def resize(self, sequence, size):
        del self.now[size:]
        self.resize_to(size)
        self.since.append((sequence, size, None))

    def resize_to(self, size):
        if len(self.now) < size:
            self.now.extend(bytes(size - len(self.now)))

    def sync(self):
        self.durable = bytes(self.now)
        self.since = []

    def image(self, until, survives):
        """The content with all sizes up to the call `until`, and the blocks of unsynced data that survive."""
        content = bytearray(self.durable)

        def grow(size):
            if len(content) < size:
                content.extend(bytes(size - len(content)))

        for sequence, offset, data in self.since:
            if data is None:
                if sequence <= until:
                    del content[offset:]
                    grow(offset)
                continue
            if sequence <= until:
                grow(offset + len(data))
            for start, piece in blocks(offset, data):
                if survives():
                    piece = piece[: max(0, len(content) - start)]
                    content[start : start + len(piece)] = piece
        return bytes(content)


class Folder:
    def __init__(self):
        self.durable = {}
        self.now = {}
        self.since = []  # (sequence, name, entry or None)

    def set(self, sequence, name, entry):
        if entry is None:
            self.now.pop(name, None)
        else:
            self.now[name] = entry
        self.since.append((sequence, name, entry))

    def sync(self):
        self.durable = dict(self.now)
        self.since = []

    def entries(self, until, choose=None):
        """The entries with all changes up to the call `until`, or, by name, up to the one that `choose` picks."""
        entries = dict(self.durable)
        names = collections.defaultdict(list)
        for sequence, name, entry in self.since:
            names[name].append((sequence, entry))
        for name, changes in names.items():
            kept = [change for change in changes if change[0] <= until]
            if choose:
                kept = changes[: choose(len(changes))]
            if not kept:
                continue
            if kept[-1][1] is None:
                entries.pop(name, None)
            else:
                entries[name] = kept[-1][1]
        return entries


def blocks(offset, data):
    """The data in pieces that end where the disk's blocks end."""
    start = offset
    while start < offset + len(data):
        end = min(offset + len(data), (start // BLOCK + 1) * BLOCK)
        yield start, data[start - offset : end - offset]
        start = end


class Disk:
    """A folder of which everything is durable, and the calls that were made on it since."""

    def __init__(self, root):
        self.root = root
        self.sequence = 0
        self.synced = 0  # the last call that synced anything
        self.inodes = {}
        self.tree = self.load(root)

    def load(self, path):
        folder = Folder()
        self.inodes[os.stat(path).st_ino] = folder
        for entry in os.scandir(path):
            if entry.is_dir(follow_symlinks=False):
                folder.now[entry.name] = self.load(entry.path)
            else:
                inode = entry.inode()
                if inode not in self.inodes:
                    with open(entry.path, "rb") as file:
                        self.inodes[inode] = File(file.read())
                folder.now[entry.name] = self.inodes[inode]
        folder.sync()
        return folder

    def folder(self, path):
        """The folder that holds `path`, and its name there."""
        parts = os.path.relpath(path, self.root).split("/")
        folder = self.tree
        for part in parts[:-1]:
            folder = folder.now[part]
        return folder, parts[-1]

    def apply(self, call):
        self.sequence = call.number
        if call.name == "mmap":
            raise RuntimeError(f"{call.path} is written through a mapping, which can't be recorded")
        if call.result < 0:
            return
        if call.name in ("fsync", "fdatasync"):
            self.inodes[call.inode].sync()
            self.synced = call.number
        elif call.name == "syncfs":
            for entry in self.inodes.values():
                entry.sync()
            self.synced = call.number
        elif call.name in ("write", "pwrite", "writev", "pwritev", "copy_file_range", "sendfile"):
            self.inodes[call.inode].write(call.number, call.offset, call.data)
        elif call.name == "ftruncate":
            self.inodes[call.inode].resize(call.number, call.offset)
        elif call.name == "fallocate":
            file = self.inodes[call.inode]
            file.resize(call.number, max(len(file.now), call.offset))
        elif call.name == "open":
            if call.result == 1:
                self.inodes[call.inode] = self.enter(call.path, File())
            elif call.result == 2:
                self.inodes[call.inode].resize(call.number, 0)
        elif call.name == "mkdir":
            self.inodes[call.inode] = self.enter(call.path, Folder())
        elif call.name in ("unlink", "rmdir"):
            self.enter(call.path, None)
        elif call.name == "rename":
            folder, name = self.folder(call.path)
            entry = folder.now[name]
            folder.set(call.number, name, None)
            self.enter(call.other, entry)
        elif call.name == "link":
            folder, name = self.folder(call.path)
            self.enter(call.other, folder.now[name])
        elif call.name not in ("fchmod", "fchown", "chmod", "chown"):
            raise RuntimeError(f"{call.name} of {call.path}: this call is not understood")

    def enter(self, path, entry):
        folder, name = self.folder(path)
        folder.set(self.sequence, name, entry)
        return entry

    # MARK: Images

    def image(self, kind, random):
        """The files and folders that survive a cut after the last call, by their paths below the root.

        strict   nothing that wasn't synced: neither data nor entries of folders
        ordered  entries and sizes up to a call between the last sync and the cut; of data, what was synced, else what
                 was there before
        blocks   all entries and sizes; of unsynced data, random blocks
        chaos    random entries, random sizes, random blocks
        """
        if kind == "strict":
            return self.walk(lambda folder: folder.durable, lambda file: file.durable)
        if kind == "ordered":
            until = self.sequence if random.random() < 0.5 else random.randint(self.synced, self.sequence)
            return self.walk(
                lambda folder: folder.entries(until), lambda file: file.image(until, lambda: False))
        share = random.choice([0.05, 0.3, 0.5, 0.7, 0.95])
        survives = lambda: random.random() < share
        if kind == "blocks":
            return self.walk(
                lambda folder: folder.entries(self.sequence), lambda file: file.image(self.sequence, survives))
        if kind == "chaos":
            return self.walk(
                lambda folder: folder.entries(0, lambda count: random.randint(0, count)),
                lambda file: file.image(random.randint(0, self.sequence), survives))
        raise ValueError(kind)

    def walk(self, entries, content):
        """Each file once, whatever its names."""
        known, found = {}, {}

        def visit(folder, prefix):
            for name, entry in sorted(entries(folder).items()):
                if isinstance(entry, Folder):
                    found[prefix + name] = None
                    visit(entry, prefix + name + "/")
                else:
                    if id(entry) not in known:
                        known[id(entry)] = content(entry)
                    found[prefix + name] = known[id(entry)]

        visit(self.tree, "")
        return found

    def now(self):
        """What the program itself saw at the end."""
        return self.walk(lambda folder: folder.now, lambda file: bytes(file.now))


def digest(image):
    """A name for an image: equal for equal files."""
    hash = hashlib.sha256()
    for path, content in sorted(image.items()):
        hash.update(f"{path}\0{'' if content is None else hashlib.sha256(content).hexdigest()}\0".encode())
    return hash.hexdigest()


def differences(image, root):
    """The paths at which an image and a folder differ, but for -shm files, which are written through memory."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in folders:
            found[os.path.relpath(os.path.join(folder, name), root)] = None
        for name in files:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, root)] = file.read()
    paths = {path for path in set(found) | set(image) if not path.endswith("-shm")}
    return sorted(path for path in paths if found.get(path, 0) != image.get(path, 0))
