"""Stands between ssh and the real agent on a host, and changes what the agent says: hostile-agent.py MODE.

It is run by sshd's ForceCommand, so what was to be run is in SSH_ORIGINAL_COMMAND.
"""

import json
import os
import struct
import subprocess
import sys
import threading

HELLO, SETUP, REQUEST, DONE, OUTCOME, STEP, DATA, PROBLEM, BEAT, END, FOUND = range(1, 12)
MODE = sys.argv[1]
OUT = sys.stdout.buffer


def frame(kind, request=0, payload=b"", length=None):
    return struct.pack(">IBI", len(payload) if length is None else length, kind, request) + payload


def read(stream):
    head = stream.read(9)
    if len(head) < 9:
        return None
    length, kind, request = struct.unpack(">IBI", head)
    return kind, request, stream.read(length)


def flood(piece):
    block = piece * max(1, 65536 // len(piece))
    while True:
        OUT.write(block)


def changed(payload, change):
    outcome = json.loads(payload)
    change(outcome)
    return json.dumps(outcome).encode()


def backup(**fields):
    def change(outcome):
        known = outcome.get("backup") or {"path": "/etc/passwd", "bytes": 4096, "sha256": "0" * 64}
        outcome["backup"] = known | fields

    return change


def texts(outcome):
    difference = {"kind": "table_changed", "severity": "error", "expected": "x" * 16000, "actual": "y" * 16000}
    outcome["drift"] = [difference | {"object": str(number)} for number in range(120)]


def unlike(outcome):
    texts(outcome)
    outcome["drift"][0]["object"] = str(os.getpid())


CHANGES = {
    "path": backup(path="/etc/passwd"),
    "bytes": backup(bytes=-5),
    "odd": backup(bytes=17),
    "digest": backup(sha256="../../etc/passwd"),
    "upper": backup(sha256="A" * 64),
    "unasked-backup": backup(),
    "texts": texts,
    "unlike": unlike,
    "time": lambda outcome: outcome["milliseconds"].update(total=1e300),
    "locked": lambda outcome: outcome.update(locked_ms=-1),
    "fingerprint": lambda outcome: outcome.update(fingerprint="sha256:" + "\u001b" * 64),
}


def answers(kind, request, payload):
    """What goes to the coordinator in the place of one frame."""
    if kind == HELLO and MODE == "long-hello":
        OUT.write(frame(HELLO, length=64 << 20))
        flood(b"\0")
    if kind == HELLO and MODE == "setup":
        return frame(SETUP, payload=b"{}", length=64 << 20)
    if kind == DONE and request == 0 and MODE == "early":
        return frame(kind, request, payload) + frame(OUTCOME, 77, b"{}")
    if kind == DONE and request == 0 and MODE == "beats":
        OUT.write(frame(kind, request, payload))
        flood(frame(BEAT))
    if kind == DATA and MODE == "longer":
        flood(frame(DATA, request, payload))
    if kind != OUTCOME:
        return frame(kind, request, payload)
    if MODE == "data":
        flood(frame(DATA, request, bytes(1000)))
    if MODE == "steps":
        flood(frame(STEP, request, b"migrate"))
    if MODE == "found":
        return frame(FOUND, request, b"[]")
    if MODE == "twice":
        return frame(kind, request, payload) * 2
    if MODE == "long-problem":
        message = {"code": "busy", "step": "lock", "message": "x" * 3_000_000}
        return frame(PROBLEM, request, json.dumps(message).encode())
    if MODE == "message":
        message = {"code": "busy", "step": "lock", "message": "x" * 20_000 + "the end"}
        return frame(PROBLEM, request, json.dumps(message).encode())
    if MODE == "code":
        return frame(PROBLEM, request, json.dumps({"code": "A\n", "step": "lock", "message": ""}).encode())
    if MODE == "values":
        return frame(kind, request, b"[" + b"0," * ((2 << 20) - 2) + b"0]")
    if MODE == "text":
        return frame(kind, request, changed(payload, lambda outcome: outcome.update(fingerprint="f" * 3_000_000)))
    if MODE in CHANGES:
        return frame(kind, request, changed(payload, CHANGES[MODE]))
    return frame(kind, request, payload)


def forward(agent):
    while piece := sys.stdin.buffer.read1(65536):
        agent.stdin.write(piece)
        agent.stdin.flush()
    agent.stdin.close()


def main():
    words = ["/bin/sh", "-c", os.environ["SSH_ORIGINAL_COMMAND"]]
    agent = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    threading.Thread(target=forward, args=[agent], daemon=True).start()
    OUT.write(agent.stdout.read(8))
    while found := read(agent.stdout):
        OUT.write(answers(*found))
        OUT.flush()


try:
    main()
except BrokenPipeError:
    os._exit(0)
