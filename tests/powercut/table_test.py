#!/usr/bin/env python3
"""Cuts the power under a table (src/env/rocksdb): it must come up again with a state between two
batches that is no older than the last flush.

One thing else may happen, rarely, where single sectors of what was not synced survive: a record of
RocksDB's MANIFEST that lacks one in its middle. RocksDB refuses that as corruption, and a vault then
builds the table anew (docs/design/2026-11-21-checkpoints.md). Never is it opened with wrong content.

Usage: table_test.py POWERCUT_FS TABLE_WRITER [ROUNDS [SEED]]
"""

import os
import random
import re
import shutil
import subprocess
import sys
import threading

from disk import Disk

LOAD_SECONDS_MAX = 0.8
CHANGES_MAX = 400
REFUSED_SHARE_MAX = 0.2  # Of all rounds.
WAIT_SECONDS_MAX = 60


class Refused(Exception):
    """The table's list of files lost a sector in its middle, and it says so."""


class Writer:
    """table_writer, and what it has said so far."""

    def __init__(self, program, folder):
        self.process = subprocess.Popen([program, folder], stdout=subprocess.PIPE, text=True,
                                        stderr=subprocess.DEVNULL)
        self.found = None
        self.flushed = -1
        self.last_words = ""
        self.has_begun = threading.Event()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            word, _, rest = line.rstrip().partition(" ")
            if word == "found":
                self.found = int(rest)
                self.has_begun.set()
            elif word == "flushed":
                self.flushed = int(rest)
            else:
                self.last_words = line.rstrip()
        self.has_begun.set()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()


def play(disk, program, draw, flushed):
    """One round. Returns what has been flushed at its end."""
    writer = Writer(program, disk.path)
    try:
        if not writer.has_begun.wait(WAIT_SECONDS_MAX):
            raise AssertionError("does not open in time")
        if writer.found is None and re.search(r"Corruption: .*MANIFEST", writer.last_words):
            raise Refused
        if writer.found is None:
            raise AssertionError(f"does not open: {writer.last_words}")
        if writer.found < flushed:
            raise AssertionError(f"came back at batch {writer.found}, {flushed} was flushed")
        loss = draw.choice(["all", f"some {draw.getrandbits(32)}"])
        if draw.random() < 0.5:
            disk.command(f"after {draw.randint(1, CHANGES_MAX)} {loss}")
        writer.reader.join(draw.uniform(0, LOAD_SECONDS_MAX))
        if disk.status()[0]:
            disk.cut(loss)
    finally:
        writer.kill()
    disk.revive()
    return max(writer.found, writer.flushed)


def main():
    disk_program, program = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 15
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else int.from_bytes(os.urandom(4))
    with Disk(disk_program) as disk:
        flushed = 0
        refused = 0
        for number in range(rounds):
            try:
                flushed = play(disk, program, random.Random(seed + number), flushed)
            except Refused:
                flushed = 0
                refused += 1
                shutil.rmtree(os.path.join(disk.path, "table"))
            except AssertionError as failure:
                print(f"round {number} of seed {seed}: {failure}")
                return 1
    print(f"{rounds} cuts, seed {seed}: {flushed} batches are left, refused {refused} times")
    return 0 if refused <= REFUSED_SHARE_MAX * rounds else 1


if __name__ == "__main__":
    sys.exit(main())
