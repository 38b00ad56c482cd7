"""An application that writes all the time: one row after the other, until standard input ends.

Usage: writer.py DATABASE

It prints "ready" when it has begun, and at its end one line of JSON: how many rows were acknowledged, what was
refused, and the longest wait in seconds. It ends by itself after a minute.
"""

import json
import select
import sqlite3
import sys
import time

database = sqlite3.connect(sys.argv[1], timeout=5, isolation_level=None)
database.execute("PRAGMA foreign_keys=ON")
start = time.monotonic()
acknowledged, refused, longest = 0, [], 0.0
while time.monotonic() - start < 60:
    begin = time.monotonic()
    try:
        database.execute("INSERT INTO items (parent, note) VALUES (1, ?)", (f"load {acknowledged}",))
        acknowledged += 1
    except sqlite3.Error as error:
        refused.append(str(error))
    longest = max(longest, time.monotonic() - begin)
    if acknowledged == 20:
        print("ready", flush=True)
    if select.select([sys.stdin], [], [], 0.0005)[0]:
        break
database.close()
print(json.dumps({"acknowledged": acknowledged, "refused": refused[:5], "longest": longest}), flush=True)
