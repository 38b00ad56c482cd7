#!/usr/bin/env python3
"""Breaks the calls of `flotilla migrate` and `flotilla restore`, kills them, cuts the power, and judges what is left.

Prints a line for each violation, then a table of the figures, then one line with their sums. The status is 1 where
there are violations, and 2 where the harness itself doesn't work.
"""

import argparse
import collections
import multiprocessing
import os
import queue as queues
import random
import re
import shutil
import sys
import tempfile
import traceback

import fleet
import recording
from bench import Bench, Scenario

ONCE = ["EIO", "ENOSPC", "EINTR", "SHORT"]
# From one call on: "on" all, "state" and "data" those in the state folder and in the databases' folder alone.
ON = ["EIO on", "ENOSPC on", "SHORT on", "EIO state", "ENOSPC state", "EIO data"]
FOLDERS = {"state": ".flotilla", "data": "db"}
KILLS = ["KILL_BEFORE", "KILL_AFTER"]
# The kinds of power cuts, and how many images of each are made after every call.
CUTS = {"strict": 1, "ordered": 2, "blocks": 4, "chaos": 6}
GROUPS = {"faults": ONCE, "faults from a call on": ON, "kills": KILLS, "power cuts": list(CUTS)}
COMMANDS = ["migrate", "restore", "migrate compressed", "migrate again"]
WRITES = ("write", "pwrite", "writev", "pwritev", "copy_file_range", "sendfile")

Outcome = collections.namedtuple("Outcome", "command kind is_new case violations kept", defaults=[None])


class Worker:
    """Takes every n-th call of each command, in a folder of its own."""

    def __init__(self, options, share):
        self.options, self.share = options, share
        self.bench = Bench(options.program, options.shim, os.path.join(options.work, f"worker-{share}"))

    def work(self, send):
        for command in self.options.only:
            scenario = Scenario(self.bench, command, 1)
            plan = self.plan(scenario)
            for call in scenario.calls:
                for kind in plan.get(call.number, []):
                    if kind not in CUTS and (outcome := self.disturb(scenario, call, kind)):
                        send(outcome)
            self.cut(scenario, plan, send)
            if self.options.all:
                # In which order lanes make their calls differs from run to run.
                scenario = Scenario(self.bench, command, 3)
                self.cut(scenario, self.plan(scenario), send)

    # MARK: What is tried

    def plan(self, scenario):
        """What is done to which of this worker's calls, by their numbers."""
        plan, turn = {}, 0
        for number in self.chosen(scenario):
            kinds = self.kinds(scenario.calls[number - 1])
            if not self.options.whole:
                broken, cuts = ([kind for kind in kinds if (kind in CUTS) == is_cut] for is_cut in (False, True))
                call = scenario.calls[number - 1]
                commits = call.name in ("fdatasync", "ftruncate", "unlink") and "/db/" in call.path
                count = 2 if commits else 1
                kinds = rotated(broken, turn, count) + rotated(cuts, turn, count)
            turn += 1
            if number % self.options.workers == self.share:
                plan[number] = kinds
        return plan

    def chosen(self, scenario):
        """The numbers of the calls to try: all, or those that were asked for, or a sample.

        A sample is the last call of each kind on each file, where what was written before is committed, and some
        between that write the journal of runs."""
        if self.options.whole:
            return [call.number for call in scenario.calls if call.number in (self.options.call or [call.number])]
        last, journal = {}, []
        for call in scenario.calls:
            path = re.sub(r"\b[0-9A-Z]{26}\b", "RUN", scenario.shown(call.path))
            if call.result >= 0 and call.name not in ("fchown", "fchmod") and not path.endswith("-shm"):
                last[call.name, path] = call.number
            if path == ".flotilla/state.sqlite-wal":
                journal.append(call.number)
        return sorted({*last.values(), *journal[:: max(1, len(journal) // 6)]})

    def kinds(self, call):
        """All that can be done to a call."""
        kinds = list(self.options.kind)
        if call.name not in WRITES or call.length < 2:
            kinds = [kind for kind in kinds if kind != "SHORT"]
        for word, folder in FOLDERS.items():
            if f"/{folder}/" not in call.path:
                kinds = [kind for kind in kinds if not kind.endswith(word)]
        return kinds

    # MARK: Faults and kills

    def disturb(self, scenario, call, kind):
        told = os.path.join(self.bench.work, "told")
        scenario.reset()
        word, *scope = kind.split()
        settings = {"at": call.number, "kind": word, "told": told}
        if scope == ["on"]:
            settings["on"] = 1
        elif scope:
            settings["only"] = os.path.join(self.bench.root, FOLDERS[scope[0]])
        run = self.bench.run(scenario.arguments, **settings)
        if not os.path.exists(told):
            return None
        with open(told) as file:
            number, name, path = file.read().rstrip("\n").split(" ", 2)
        os.unlink(told)
        judgement = self.bench.judge(scenario.expected)
        case = f"{scenario.command}: {kind} at call {number}, {name} of {scenario.shown(path)}"
        if kind in KILLS:
            if run.status != -9:
                judgement.violate(f"it was not killed, but ended with {run.status}")
            judgement.backups_after(self.bench.run(["backups"]))
            if not judgement.violations:
                self.again(scenario, judgement)
        else:
            judgement.databases().words(run)
            if judgement.is_changed:
                judgement.backups(self.bench.run(["backups"]))
        return self.outcome(scenario, kind, judgement, case, run)

    def again(self, scenario, judgement):
        """The same command once more finishes the job."""
        done = self.bench.run(scenario.arguments)
        after = self.bench.judge(scenario.expected).databases()
        if done.status != 0 or set(after.states.values()) != {"new"} or after.violations:
            judgement.violate(
                f"run again it ends with {done.status} and {after.states}: {'; '.join(after.violations)} {done.words}")

    # MARK: Power cuts

    def cut(self, scenario, plan, send):
        """Judges the images after each of the chosen calls; equal ones once."""
        disk, seen = scenario.disk(), set()
        for call in scenario.calls:
            disk.apply(call)
            for kind in plan.get(call.number, []):
                for turn in range(CUTS.get(kind, 0) if self.options.whole else kind in CUTS):
                    seed = f"{self.options.seed} {scenario.command} {scenario.lanes} {call.number} {kind} {turn}"
                    image = disk.image(kind, random.Random(seed))
                    digest = recording.digest(image)
                    if digest in seen:
                        send(Outcome(scenario.command, kind, False, "", []))
                        continue
                    seen.add(digest)
                    case = (
                        f"{scenario.command}: power cut ({kind}, image {turn + 1}, lanes {scenario.lanes}) after call "
                        f"{call.number}, {call.name} of {scenario.shown(call.path)}")
                    send(self.restart(scenario, kind, image, case, random.Random(seed + " again").random() < 0.25))

    def restart(self, scenario, kind, image, case, goes_on):
        fleet.write(self.bench.root, image)
        judgement = self.bench.judge(scenario.expected)
        listing = self.bench.run(["backups"])
        judgement.backups_after(listing)
        if not judgement.violations and goes_on:
            self.again(scenario, judgement)
        return self.outcome(scenario, kind, judgement, case, listing, image)

    def outcome(self, scenario, kind, judgement, case, run, image=None):
        kept = None
        if judgement.violations and self.options.keep:
            name = re.sub(r"[^A-Za-z0-9]+", "-", case)
            kept = os.path.join(self.options.keep, name)
            shutil.rmtree(kept, ignore_errors=True)
            os.makedirs(kept)
            if image is None:
                shutil.copytree(self.bench.root, os.path.join(kept, "fleet"))
            else:
                os.makedirs(os.path.join(kept, "fleet"))
                fleet.write(os.path.join(kept, "fleet"), image)
            with open(os.path.join(kept, "violations.txt"), "w") as file:
                file.write("\n".join([case, *judgement.violations, "", f"status {run.status}", run.output, run.errors]))
        return Outcome(scenario.command, kind, True, case, judgement.violations, kept)


def rotated(kinds, turn, count):
    """So many of the kinds, others at each turn."""
    return [kinds[(turn * count + place) % len(kinds)] for place in range(min(count, len(kinds)))]


def start(options, share, queue):
    try:
        Worker(options, share).work(lambda outcome: queue.put((share, outcome)))
        queue.put((share, None))
    except BaseException:
        queue.put((share, traceback.format_exc()))


class Figures:
    """Counts by command and kind."""

    def __init__(self):
        self.runs, self.same, self.bad = (collections.Counter() for _ in range(3))
        self.causes = collections.Counter()

    def add(self, outcome):
        key = (outcome.command, outcome.kind)
        (self.runs if outcome.is_new else self.same)[key] += 1
        self.bad[key] += bool(outcome.violations)
        for text in outcome.violations:
            cause = re.sub(r"\b[0-9A-Z]{26}\b", "RUN", text)
            self.causes[re.sub(r"\d+", "N", re.sub(r"\b(berlin|lima|oslo)\b(?!:)", "X", cause))[:150]] += 1

    def table(self):
        commands = [name for name in COMMANDS if any(command == name for command, _ in self.runs)]
        yield "| | " + " | ".join(f"{command} | violations" for command in commands) + " |"
        yield "|---" + "|---:|---:" * len(commands) + "|"
        for kinds in GROUPS.values():
            for kind in kinds:
                keys = [(command, kind) for command in commands]
                if any(self.runs[key] for key in keys):
                    yield f"| {kind} | " + " | ".join(f"{self.runs[key]:,} | {self.bad[key]:,}" for key in keys) + " |"

    def sums(self):
        return {name: sum(self.runs[key] for key in self.runs if key[1] in GROUPS[name]) for name in GROUPS}

    def line(self):
        sums = self.sums()
        parts = ", ".join(f"{count:,} {name}" for name, count in sums.items())
        same = f" ({sum(self.same.values()):,} more images were equal to one of these)" if self.same else ""
        return f"{sum(sums.values()):,} runs: {parts}{same}; violations: {sum(self.bad.values()):,}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="the built flotilla")
    parser.add_argument("shim", help="the built shim.c")
    parser.add_argument("--all", action="store_true", help="every call, in every way (default: a sample)")
    parser.add_argument("--only", nargs="+", choices=COMMANDS, help="default: all; of a sample, the first three")
    parser.add_argument("--kind", nargs="+", default=sum(GROUPS.values(), []), choices=sum(GROUPS.values(), []))
    parser.add_argument("--call", nargs="+", type=int, help="these calls alone, in every way")
    parser.add_argument("--seed", default="1", help="of what power cuts leave to chance (default: 1)")
    parser.add_argument("--keep", help="a folder for what violations left")
    parser.add_argument("--work", help="the folder to work in (default: a temporary one)")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    options = parser.parse_args()
    options.only = options.only or (COMMANDS if options.all else COMMANDS[:3])
    options.whole = bool(options.all or options.call)  # each call in every way
    options.program, options.shim = os.path.realpath(options.program), os.path.realpath(options.shim)
    with tempfile.TemporaryDirectory(prefix="flotilla-faults-", dir=options.work) as folder:
        options.work = os.path.realpath(folder)
        sys.exit(supervise(options))


def supervise(options):
    queue, figures, ended, broken = multiprocessing.Queue(), Figures(), set(), False
    workers = [
        multiprocessing.Process(target=start, args=(options, share, queue), daemon=True)
        for share in range(options.workers)]
    for worker in workers:
        worker.start()
    while len(ended) < len(workers):
        try:
            share, outcome = queue.get(timeout=10)
        except queues.Empty:
            for share, worker in enumerate(workers):
                if share not in ended and not worker.is_alive():
                    ended.add(share)
                    broken = True
                    print(f"worker {share} ended with {worker.exitcode}", file=sys.stderr)
            continue
        if isinstance(outcome, Outcome):
            figures.add(outcome)
            for text in outcome.violations:
                print(f"violation: {outcome.case}: {text}" + (f" ({outcome.kept})" if outcome.kept else ""))
            sys.stdout.flush()
            continue
        ended.add(share)
        if outcome:
            broken = True
            print(outcome, file=sys.stderr)
    if figures.causes:
        print("\nviolations by what they say:")
        for text, count in figures.causes.most_common(40):
            print(f"{count:7,}  {text}")
        print()
    print("\n".join(figures.table()))
    for name in sorted(set(GROUPS) - {name for name, count in figures.sums().items() if count}):
        if not options.call and set(GROUPS[name]) & set(options.kind):
            broken = True
            print(f"no {name} were tried", file=sys.stderr)
    print(figures.line())
    return 2 if broken else 1 if sum(figures.bad.values()) else 0


if __name__ == "__main__":
    main()
