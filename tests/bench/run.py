#!/usr/bin/env python3
"""The whole program measured from outside, and all figures to reach in one table.

What the parts cost comes from the Google Benchmark programs that `./dev bench` runs first; what the
machine can do at best, from the load generator, in the same run as what it is compared with. Everything
is kept as JSON in the folder --out.
"""

import argparse
import pathlib
import random
import shutil
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE)]

import backup  # noqa: E402
import figures as targets  # noqa: E402
from loads import Ours, Peer, resident_bytes  # noqa: E402
from server import ServerError, scratch_folder  # noqa: E402

PARTS = ("engine", "s3", "tree")
OBJECTS, OBJECTS_FULL = 100_000, 1_000_000
REST_SECONDS = 15


class Matrix:
    """The loads that the figures need, on one server."""

    def __init__(self, server, options):
        self.server = server
        self.out = options.out
        self.seconds = str(options.seconds)
        self.objects = options.objects

    def load(self, name, size, operations, concurrency, *more, seconds=None):
        words = [word for operation in operations for word in ("--op", operation)]
        return self.server.load(self.out, name, *words, "--size", size, "--concurrency",
                                str(concurrency), "--duration", seconds or self.seconds, *more)

    def run(self):
        self.unsigned = self.load("large-unsigned", "64MiB", ("put", "get"), 4)
        self.signed = self.load("large-signed", "64MiB", ("put",), 4, "--payload", "signed")
        self.put_1k = self.load("put-1k", "1KiB", ("put",), 64, "--payload", "signed")
        self.put_4k = self.load("put-4k", "4KiB", ("put",), 64, "--payload", "signed")
        self.get_1k = self.load("get-1k", "1KiB", ("get", "stat"), 64)
        self.listing = self.load("list", "1KiB", ("list",), 4)
        self.load("mixed", "64KiB", ("mixed", "delete"), 16, "--verify")
        self.load("multipart", "32MiB", ("multipart",), 8)
        self.streams = self.load("streams", "64MiB", ("put", "get"), 64, "--objects", "64",
                                 seconds="0")

    def fill(self):
        """Many objects, then rest. What is resident before and after a restart, the larger."""
        self.load("fill", "1KiB", ("put",), 64, "--objects", str(self.objects), "--keep",
                  seconds="0")
        time.sleep(REST_SECONDS)
        before = resident_bytes(self.server.process_id)
        self.server.restart()
        time.sleep(REST_SECONDS)
        after = resident_bytes(self.server.process_id)
        print(f"resident with {self.objects:,} objects: {before / 2**20:.0f} MiB, after a restart "
              f"{after / 2**20:.0f} MiB", flush=True)
        return max(before, after)


def attempt(work):
    """What `work` returns, or why it failed: one figure that is missing spoils no others."""
    try:
        return work()
    except (RuntimeError, OSError, ServerError) as failure:
        return " ".join(str(failure).split())


def measure_s3(figures, options, base):
    parts = targets.GoogleBenchmark(options.out / "vault.json")
    net = targets.GoogleBenchmark(options.out / "net.json")
    folder = base / "holdfast"
    folder.mkdir()
    with Ours(folder) as server:
        matrix = Matrix(server, options)
        matrix.run()
        idle = attempt(matrix.fill)
    targets.large_objects(figures, parts, matrix.unsigned, matrix.signed)
    targets.small_objects(figures, net, matrix.put_1k, matrix.put_4k, matrix.get_1k)
    targets.peaks(figures, matrix.listing, matrix.streams)
    name = f"RSS idle, {options.objects:,} objects, MiB"
    if isinstance(idle, int):
        figures.at_most(name, 256, idle / 2**20)
    else:
        figures.missing(name, idle)
    shutil.rmtree(folder)


def measure_peers(options, base):
    for spoken in options.peer:
        folder = base / spoken.partition("=")[0]
        folder.mkdir()
        with Peer(spoken, folder) as peer:
            Matrix(peer, options).run()
        shutil.rmtree(folder)


def measure_tree(figures, options, base):
    program = options.restic or backup.fetch_restic(options.tools)
    if program is None:
        figures.missing("tree: of restic's", "there is neither Go nor an installed restic")
        return
    outcomes = []
    for store in (lambda *words: backup.by_holdfast(*words),
                  lambda *words: backup.by_restic(program, *words)):
        work = base / f"tree-{len(outcomes)}"
        source = work / "source"
        files, size = backup.plant(source, int(options.tree_gb * 1e9))
        if not outcomes:
            print(f"\na tree of {len(files)} files, {size / 1e6:.0f} MB", flush=True)
        draw = random.Random(1)  # Both see the same edits.
        outcomes.append(store(work, source, lambda: backup.edit(files, draw)))
        shutil.rmtree(work)
    targets.backups(figures, *outcomes)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, default=HERE.parents[1] / "build/bench")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--seconds", type=float, default=10, help="of each load")
    parser.add_argument("--objects", type=int, help=f"for the memory of an idle node ({OBJECTS:,})")
    parser.add_argument("--tree-gb", type=float, default=2)
    parser.add_argument("--restic", type=pathlib.Path, help="another program than the one fetched")
    parser.add_argument("--peer", action="append", default=[],
                        help="also: versitygw or minio, or NAME=PROGRAM")
    parser.add_argument("--full", action="store_true", help=f"{OBJECTS_FULL:,} objects")
    options = parser.parse_args()
    options.objects = options.objects or (OBJECTS_FULL if options.full else OBJECTS)
    options.out = options.out.resolve()
    options.tools = options.out / "tools"
    options.tools.mkdir(parents=True, exist_ok=True)
    return options


def main():
    options = arguments()
    figures = targets.Figures()
    base = scratch_folder("bench")
    try:
        if "engine" in options.only:
            targets.engine(figures, targets.GoogleBenchmark(options.out / "vault.json"))
        if "s3" in options.only:
            measure_s3(figures, options, base)
            measure_peers(options, base)
        if "tree" in options.only:
            measure_tree(figures, options, base)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    figures.write(options.out / "figures.json")
    print(f"\n{figures.table()}\n\n{figures.reached} of {len(figures.rows)} figures reached",
          flush=True)


if __name__ == "__main__":
    main()
