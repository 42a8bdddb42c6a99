#!/usr/bin/env python3
"""Many objects: how soon the server is back after a kill, how quick a listing begins, how much memory it
takes to do nothing. 20,000 objects, in full a million."""

import argparse
import http.client
import multiprocessing
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib")]

import s3  # noqa: E402
from report import expect  # noqa: E402
from server import BINARY, Server, clean_environment  # noqa: E402
from suite import suite  # noqa: E402

BUCKET = "many"
OTHERS = "others/"
OBJECTS, OBJECTS_FULL = 20_000, 1_000_000
FOLDERS = 100
CHECKED = 2_000  # Objects whose content is known; the others come from the load generator.
WRITERS = 8
LOADERS = 128  # Its connections.
RESTART_SECONDS_MAX = 2
RESTARTS = 3
PAGE_SECONDS_MAX = 0.5
IDLE_RSS_MIB_MAX = 256


def name_of(number):
    return f"folder-{number % FOLDERS:03}/object-{number:07}"


def content_of(number):
    return f"the content of object {number}\n".encode() * 8


def write(endpoint, access_key, secret_key, first, count):
    """One process: every WRITERS-th object."""
    client = s3.Client(endpoint, access_key, secret_key)
    for number in range(first, count, WRITERS):
        for _ in range(5):
            try:
                client.put(BUCKET, name_of(number), content_of(number))
                break
            except (OSError, http.client.HTTPException):
                time.sleep(0.5)
        else:
            raise SystemExit(1)


class Scale:
    def __init__(self, server, count):
        self.server = server
        self.count = count
        self.checked = min(count, CHECKED)
        self.s3 = s3.Client(server.endpoint, server.access_key, server.secret_key)

    def fill(self):
        self.s3.create_bucket(BUCKET)
        begun = time.monotonic()
        known = (self.server.endpoint, self.server.access_key, self.server.secret_key)
        writers = [multiprocessing.Process(target=write, args=(*known, number, self.checked))
                   for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
            expect(writer.exitcode == 0, "a writer gave up")
        others = self.count - self.checked
        load = subprocess.run(
            [BINARY, "bench", "s3", "--endpoint", self.server.endpoint, "--bucket", BUCKET, "--op",
             "put", "--size", "200", "--prefix", OTHERS, "--concurrency", str(LOADERS),
             "--duration", "0", "--objects", str(others), "--keep", "--disk", self.server.folder],
            env=clean_environment() | {"HOLDFAST_ACCESS_KEY": self.server.access_key,
                                       "HOLDFAST_SECRET_KEY": self.server.secret_key},
            text=True, capture_output=True)
        expect(load.returncode == 0, f"the load failed: {load.stderr}")
        return f"{self.count / (time.monotonic() - begun):.0f}/s"

    def restart(self):
        for _ in range(RESTARTS):
            self.server.kill()
            self.server.start()
        times = self.server.restart_seconds[-RESTARTS:]
        return f"ready after at most {max(times):.2f} s, to stay below {RESTART_SECONDS_MAX} s"

    def listing(self):
        begun = time.monotonic()
        first = next(iter(self.s3.list(BUCKET)))
        took = time.monotonic() - begun
        expect(first[0] == min(name_of(number) for number in range(0, self.checked, FOLDERS)),
               f"the first is {first}")
        total = sum(1 for _ in self.s3.list(BUCKET))
        expect(total == self.count, f"{total} objects are listed")
        return f"first page after {took * 1000:.0f} ms, to stay below {PAGE_SECONDS_MAX * 1000:.0f}"

    def content(self):
        for number in range(0, self.checked, max(1, self.checked // 500)):
            expect(self.s3.get(BUCKET, name_of(number)) == content_of(number),
                   f"{name_of(number)} has other bytes")

    def memory(self):
        self.server.kill()
        self.server.start()
        time.sleep(5)
        status = pathlib.Path(f"/proc/{self.server.process.pid}/status").read_text()
        kib = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))
        expect(kib / 1024 <= IDLE_RSS_MIB_MAX, f"{kib / 1024:.0f} MiB while doing nothing")
        return f"{kib / 1024:.0f} MiB resident"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help=f"{OBJECTS_FULL:,} objects")
    parser.add_argument("--objects", type=int)
    options = parser.parse_args()
    count = options.objects or (OBJECTS_FULL if options.full else OBJECTS)
    with suite("scale") as (report, base), Server(base / "data") as server:
        scale = Scale(server, count)
        for title, test in ((f"{count:,} objects", scale.fill), ("back after a kill", scale.restart),
                            ("lists them all", scale.listing), ("reads them", scale.content),
                            ("memory while idle", scale.memory)):
            report.run(title, test)


if __name__ == "__main__":
    main()
