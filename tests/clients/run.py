#!/usr/bin/env python3
"""Real clients store a real tree, while the server is killed at random moments, and fetch it back.

Of each client: what was acknowledged is there after every kill; what comes back is the same, byte for
byte; neither name nor content is found anywhere in the data folder, nor in what a kill leaves there.

With --endpoint it runs against another S3 server, without the kills: to tell a client's mistakes from
ours.
"""

import argparse
import os
import pathlib
import random
import shutil
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE)]

import debian  # noqa: E402
import ours  # noqa: E402
import s3  # noqa: E402
import sdks  # noqa: E402
import tree  # noqa: E402
from report import expect  # noqa: E402
from server import Killer, Server  # noqa: E402
from suite import suite  # noqa: E402

CLIENTS = (ours.Holdfast, debian.Awscli, debian.S3cmd, debian.Rclone, debian.Restic, sdks.Boto3,
           sdks.JavaScript)
FILES = 2000
KILLS_STORING, KILLS_FETCHING = 4, 2
PAUSE_SECONDS_MAX = 1.0  # Between a start and the next kill: short, as some clients are quick.
RESTART_SECONDS_MAX = 10  # Generous: machines are shared. The time itself is printed.


class Foreign:
    """Another S3 server, which is left alone."""

    region = "us-east-1"
    restart_seconds = ()

    def __init__(self, options):
        self.endpoint, self.access_key = options.endpoint, options.access_key
        self.secret_key, self.folder = options.secret_key, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Trial:
    """All the tests of one client, each building on those before."""

    def __init__(self, make, server, source, size, work, draw):
        self.server = server
        self.source = source
        self.size = size  # Of all its files.
        self.work = work
        self.draw = draw
        self.s3 = s3.Client(server.endpoint, server.access_key, server.secret_key)
        self.bucket = f"suite-{make.name}-{draw.randrange(10 ** 6)}"
        self.client = make(server, Patient(self.s3), self.bucket, work)
        self.back = work / "back"

    def killing(self, count):
        return Killer(self.server, self.draw, count if self.server.folder else 0,
                      self.size, PAUSE_SECONDS_MAX)

    def run(self, report):
        name = self.client.name
        tests = [("is there", self.prepare), ("stores a tree through kills", self.store),
                 ("leaves nothing plain on disk", self.hidden),
                 ("fetches it back the same", self.fetch), ("removes it", self.remove)]
        if self.server.folder is None:
            tests.pop(2)  # Not our disk.
        for title, test in tests:
            if not report.run(f"{name}: {title}", test):
                return

    def prepare(self):
        self.client.prepare()
        self.s3.create_bucket(self.bucket)
        return getattr(self.client, "version", None)

    def store(self):
        with self.killing(KILLS_STORING) as killer:
            self.client.store(self.source)
        if self.client.keeps_files:
            tree.expect_stored(self.client.s3, self.bucket, self.source, tree.files(self.source),
                               only_these=True)
        expect(killer.kills or not killer.count, "it was over before the first kill: no proof")
        return f"{killer.kills} kills, {self.client.attempts} runs"

    def hidden(self):
        texts = tree.needles(self.source, self.draw)
        return tree.expect_hidden(texts, self.server.folder, self.source, self.work)

    def fetch(self):
        self.back.mkdir()
        with self.killing(KILLS_FETCHING) as killer:
            self.client.fetch(self.back)
        count = tree.expect_same(self.source, self.back)
        return f"{count} files, {killer.kills} kills"

    def remove(self):
        self.client.remove()
        if self.client.keeps_files:
            left = list(self.s3.list(self.bucket))
            expect(not left, f"{len(left)} objects are left, such as {left[:2]}")
            self.s3.delete_bucket(self.bucket)


class Patient:
    """Listings while the server may be on its way up again."""

    def __init__(self, client):
        self.client = client

    def list(self, *arguments):
        for _ in range(50):
            try:
                return list(self.client.list(*arguments))
            except (OSError, s3.http.client.HTTPException):
                time.sleep(0.2)
            except s3.S3Error as error:
                if error.status != 503:
                    raise
                time.sleep(0.2)
        return list(self.client.list(*arguments))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="all of /usr/share and /usr/lib")
    parser.add_argument("--files", type=int, default=FILES, help="how many of them otherwise")
    parser.add_argument("--only", nargs="+", choices=[client.name for client in CLIENTS],
                        default=[client.name for client in CLIENTS])
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    parser.add_argument("--endpoint", help="of another server")
    parser.add_argument("--access-key", default="suite")
    parser.add_argument("--secret-key", default="suite-secret")
    return parser.parse_args()


def expect_quick(seconds):
    expect(max(seconds) < RESTART_SECONDS_MAX, f"a start took {max(seconds):.2f} s")
    return f"{len(seconds)} starts, the slowest {max(seconds):.2f} s"


def main():
    options = arguments()
    draw = random.Random(options.seed)
    print(f"seed {options.seed}", flush=True)
    with suite("clients") as (report, base):
        source = base / "source"
        tree.plant(source, draw, None if options.full else options.files)
        names = tree.files(source)
        size = sum((source / name).stat().st_size for name in names)
        print(f"{len(names)} files, {size / 1e6:.0f} MB", flush=True)
        starts = []
        for make in CLIENTS:
            if make.name not in options.only or (options.endpoint and make is ours.Holdfast):
                continue
            work = base / make.name
            work.mkdir()
            server = Foreign(options) if options.endpoint else Server(work / "data")
            with server:
                Trial(make, server, source, size, work, draw).run(report)
            starts += server.restart_seconds
            if not report.failed:
                shutil.rmtree(work)
        if starts:
            report.run("the server is back quickly", expect_quick, starts)


if __name__ == "__main__":
    main()
