"""The folder in which runs are broken, and the two commands that are, from their start to an undisturbed end."""

import copy
import os
import shutil

import fleet
import judge
import recording


class Bench:
    """A folder for one fleet after another, always at the same path, since the journal holds absolute paths."""

    def __init__(self, program, shim, work):
        self.program, self.shim, self.work = program, shim, work
        self.root = os.path.join(work, "fleet")
        self.scratch = os.path.join(work, "scratch")
        for folder in (self.root, self.scratch):
            os.makedirs(folder)

    def run(self, arguments, **settings):
        return fleet.run(self.program, arguments, self.root, self.shim if settings else None, **settings)

    def must(self, arguments, **settings):
        done = self.run(arguments, **settings)
        if done.status != 0:
            raise RuntimeError(f"flotilla {' '.join(arguments)} fails by itself: {done.status} {done.words}")
        return done

    def states(self):
        path = lambda id: os.path.join(self.root, "db", id + ".sqlite")
        return {id: judge.State(path(id), self.scratch) for id in fleet.IDS}

    def judge(self, expected):
        return judge.Judgement(self.root, expected, self.scratch)


class Scenario:
    """A command, the folder in which it begins, what it calls, and what is expected of it."""

    def __init__(self, bench, command, lanes):
        self.bench, self.command, self.lanes = bench, command, lanes
        self.template = os.path.join(bench.work, f"{command}-{lanes}")
        self.arguments, backups = ["migrate", "--yes"], []
        fleet.empty(bench.root)
        keep, compress = 1 if command == "migrate again" else 3, "zstd" if command == "migrate compressed" else "none"
        fleet.make(bench.root, lanes, keep, compress)
        if command in ("restore", "migrate again"):
            bench.must(self.arguments)
            backups = judge.listed(bench.must(["backups"]).output)
            restore = ["--only", ":".join(fleet.IDS), "restore", "--run", max(line.run for line in backups), "--yes"]
        if command == "restore":
            self.arguments = restore
        if command == "migrate again":
            # Its backups push out the earlier ones, which hold one row less.
            bench.must(restore)
            fleet.add_row(bench.root)
            backups = []
        shutil.copytree(bench.root, self.template)
        old = bench.states()
        self.record()
        verb = "restored" if command == "restore" else "migrated"
        self.expected = judge.Expected(verb, old, bench.states(), [(line.run, line.id) for line in backups])

    def reset(self):
        fleet.copy(self.template, self.bench.root)

    def record(self):
        """Runs the command undisturbed. What is recorded has to explain every byte that it left."""
        log = os.path.join(self.bench.work, "log")
        self.reset()
        self.start = recording.Disk(self.bench.root)
        self.bench.must(self.arguments, log=log)
        self.calls = list(recording.read(log))
        os.unlink(log)
        disk = self.disk()
        for call in self.calls:
            disk.apply(call)
        if differences := recording.differences(disk.now(), self.bench.root):
            raise RuntimeError(f"the recording of {self.command} doesn't explain {', '.join(differences)}")

    def disk(self):
        """The disk as it was when the command began."""
        return copy.deepcopy(self.start)

    def shown(self, path):
        return os.path.relpath(path, self.bench.root)
