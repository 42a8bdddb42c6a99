#!/usr/bin/env python3
"""Cuts the power of a disk under load, again and again: nothing acknowledged may be lost.

Each round starts the server on the disk, loads it with writers, cuts the power at a random moment,
kills the server, brings the power back, starts the server again and compares what is there with what
was acknowledged: bit for bit, and no object more. What was under way at the cut may have happened or
not; what is found then has to stay. Some rounds lose all that was not synced, some keep random sectors
of it and tear writes, some fail in the middle of a chosen operation, some only kill the server.

The last line is `N passed, N failed`, in rounds. Needs /dev/fuse and the right to mount.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import hashlib
import http.client
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))

import s3  # noqa: E402
from disk import Disk  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUCKET = "powercut"
ACCESS_KEY = "POWERCUTPOWERCUTPOWE"
SECRET_KEY = "powercut/powercut/powercut/powercut/pow"

KEYS_PER_WRITER = 24
SIZE_MAX = 20 << 20
PART_BYTES = 5 << 20          # The least that S3 allows for all parts but the last.
LOAD_SECONDS_MAX = 2.5
CHANGES_MAX = 3000            # A planned cut comes within so many changes to the disk.
START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 30
ROUNDS_PER_DISK = 50          # Then a new one, because it is in memory.

# Whole answers that the server could not give, or connections that ended: the outcome is unknown.
Unanswered = (OSError, http.client.HTTPException)


class Failure(Exception):
    """The server broke a promise."""


class Content:
    """Bytes by a short description, half of them often seen before."""

    def __init__(self, seed, size):
        self.seed = seed
        self.size = size
        self.fresh = self.make()
        self.digest = hashlib.sha256(self.fresh).digest()

    def take(self):
        """The bytes, which are kept for this one call."""
        fresh, self.fresh = self.fresh, None
        return fresh

    def make(self):
        own = random.Random(self.seed)
        fresh = own.randbytes((self.size + 1) // 2)
        shared = random.Random(self.seed % 7).randbytes(min(self.size // 2, 256 << 10))
        repeated = shared * (self.size // 2 // max(len(shared), 1) + 1)
        return fresh + repeated[: self.size // 2]

    def matches(self, content):
        return len(content) == self.size and hashlib.sha256(content).digest() == self.digest

    def __str__(self):
        return f"{self.size} bytes from seed {self.seed}"


def draw_size(draw):
    """From 1 byte to 20 MiB, most of them small."""
    limit = SIZE_MAX if draw.random() < 0.04 else 256 << 10
    return max(1, int(limit ** draw.random()))


class Writer(threading.Thread):
    """Writes objects of its own, one at a time, and remembers what was acknowledged."""

    def __init__(self, number, client):
        super().__init__(daemon=True)
        self.number = number
        self.client = client
        self.draw = None
        self.state = {}       # Key -> content, of what is acknowledged.
        self.pending = {}     # Key -> contents (None: absent) that an unanswered request may have left.
        self.counts = collections.Counter()
        self.failure = None
        self.stopping = threading.Event()

    def successor(self, client):
        """The writer of the next round: a thread runs only once."""
        other = Writer(self.number, client)
        other.state, other.counts = self.state, self.counts
        return other

    def run(self):
        while not self.stopping.is_set() and self.failure is None:
            key = f"{self.number}/{self.draw.randrange(KEYS_PER_WRITER):02}/näme ÷"
            try:
                self.change(key)
            except s3.S3Error as error:
                if error.status < 500:
                    self.failure = Failure(f"{key}: refused: {error}")
                self.counts["refused"] += 1
                time.sleep(0.01)
            except Unanswered:
                self.counts["unanswered"] += 1
                time.sleep(0.01)

    def change(self, key):
        kind = self.draw.random()
        if key in self.state and kind < 0.2:
            self.attempt(key, None, self.client.delete, BUCKET, key)
        elif kind < 0.28:
            size = PART_BYTES + draw_size(self.draw)
            content = Content(self.draw.getrandbits(40), size)
            self.attempt(key, content, self.put_parts, key, content.take())
        else:
            content = Content(self.draw.getrandbits(40), draw_size(self.draw))
            self.attempt(key, content, self.client.put, BUCKET, key, content.take())

    def attempt(self, key, outcome, call, *arguments):
        """From now on until the answer, the object may be either."""
        maybe = self.pending.setdefault(key, [])
        maybe.append(outcome)
        call(*arguments)
        # Acknowledged: whatever an earlier request without an answer did came before this one.
        del self.pending[key]
        self.settle(key, outcome)
        self.counts["acknowledged"] += 1

    def settle(self, key, outcome):
        if outcome is None:
            self.state.pop(key, None)
        else:
            self.state[key] = outcome

    def put_parts(self, key, content):
        upload = self.client.create_upload(BUCKET, key)
        etags = []
        for at in range(0, len(content), PART_BYTES):
            part = content[at : at + PART_BYTES]
            etags.append(self.client.put_part(BUCKET, key, upload, len(etags) + 1, part))
        if self.draw.random() < 0.1:
            raise ConnectionAbortedError("an upload that nobody completes")
        self.client.complete_upload(BUCKET, key, upload, etags)

    def verify(self, client, keys):
        """Compares objects with what they may be, and takes over what is found."""
        for key in keys:
            try:
                found = client.get(BUCKET, key)
            except s3.S3Error as error:
                if error.status != 404:
                    raise Failure(f"{key}: cannot be read: {error}") from error
                found = None
            allowed = [self.state.get(key), *self.pending.get(key, [])]
            for outcome in allowed:
                if outcome.matches(found) if outcome and found is not None else outcome is found:
                    self.settle(key, outcome)
                    break
            else:
                what = "absent" if found is None else f"{len(found)} other bytes"
                raise Failure(f"{key}: is {what}, should be {' or '.join(map(str, allowed))}")
        self.pending.clear()


class Server:
    """The program under test, as a process."""

    def __init__(self, command, folder, log):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.endpoint = f"127.0.0.1:{probe.getsockname()[1]}"
        words = [word.format(data=folder, s3=self.endpoint) for word in command]
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("HOLDFAST_")}
        environment |= {"HOLDFAST_ACCESS_KEY": ACCESS_KEY, "HOLDFAST_SECRET_KEY": SECRET_KEY,
                        "ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY}
        self.process = subprocess.Popen(words, stdout=log, stderr=log, env=environment)

    def client(self, timeout=60):
        return s3.Client(f"http://{self.endpoint}", ACCESS_KEY, SECRET_KEY, timeout=timeout)

    def wait_ready(self):
        """Returns the seconds that it took."""
        begun = time.monotonic()
        client = self.client(timeout=5)
        while True:
            try:
                client.buckets()
                return time.monotonic() - begun
            except (s3.S3Error, *Unanswered) as error:
                if self.process.poll() is not None:
                    raise Failure(f"the server ended with {self.process.returncode}") from error
                if time.monotonic() - begun > START_SECONDS_MAX:
                    raise Failure(f"not serving after {START_SECONDS_MAX} s: {error}") from error
            time.sleep(0.02)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(STOP_SECONDS_MAX)


class Session:
    """A disk with what was written to it, over many rounds."""

    def __init__(self, options, log):
        self.options = options
        self.log = log
        self.disk = Disk(options.powercut_fs)
        self.folder = os.path.join(self.disk.path, "data")
        os.mkdir(self.folder)
        self.sync(self.folder, self.disk.path)
        self.server = None
        self.writers = [Writer(number, None) for number in range(options.writers)]

    @staticmethod
    def sync(*folders):
        for folder in folders:
            handle = os.open(folder, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)

    def close(self):
        if self.server and self.server.process.poll() is None:
            self.server.kill()
        self.disk.close()

    def start(self):
        self.server = Server(self.options.command, self.folder, self.log)
        seconds = self.server.wait_ready()
        return seconds

    def play(self, draw):
        """One round. Returns a line about it."""
        if self.server is None:
            self.start()
            self.server.client().create_bucket(BUCKET)
        before = sum((writer.counts for writer in self.writers), collections.Counter())
        way = self.load(draw)
        self.server.kill()
        for writer in self.writers:
            writer.join(STOP_SECONDS_MAX)
            if writer.is_alive():
                raise Failure("a writer hangs")
        self.disk.revive()
        for writer in self.writers:
            if writer.failure:
                raise writer.failure
        seconds = self.start()
        checked = self.verify(draw)
        counts = sum((writer.counts for writer in self.writers), collections.Counter()) - before
        return (f"{way}: {counts['acknowledged']} acknowledged, {counts['unanswered']} unanswered, "
                f"{counts['refused']} refused, started in {seconds:.2f} s, {checked} compared")

    def load(self, draw):
        """Starts the writers and cuts the power, or not. Returns how."""
        self.writers = [writer.successor(self.server.client()) for writer in self.writers]
        for writer in self.writers:
            writer.draw = random.Random(draw.getrandbits(64))
            writer.start()
        loss = self.options.loss or draw.choice(["all", f"some {draw.getrandbits(32)}"])
        kind = draw.random()
        try:
            if kind < 0.45:
                time.sleep(draw.uniform(0.05, LOAD_SECONDS_MAX))
                self.disk.cut(loss)
                way = f"cut, {loss}"
            elif kind < 0.9:
                count = draw.randint(1, CHANGES_MAX)
                self.disk.command(f"after {count} {loss}")
                deadline = time.monotonic() + LOAD_SECONDS_MAX
                while self.disk.status()[0] and time.monotonic() < deadline:
                    time.sleep(0.002)
                if self.disk.status()[0]:
                    self.disk.cut(loss)
                way = f"cut during change {count}, {loss}"
            else:
                time.sleep(draw.uniform(0.05, LOAD_SECONDS_MAX))
                way = "killed"
            # What is acknowledged without power counts too: it had to be durable before.
            time.sleep(draw.choice([0, 0, 0.2]))
        finally:
            for writer in self.writers:
                writer.stopping.set()
        return way

    def verify(self, draw):
        """Reads what this round touched, some of the rest, and the list of all."""
        checks = []
        for writer in self.writers:
            rest = sorted(set(writer.state) - set(writer.pending))
            recent = [key for key in rest if draw.random() < self.options.share]
            checks.append((writer, [*writer.pending, *recent]))
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda check: check[0].verify(self.server.client(), check[1]), checks))
        expected = {key: content.size for writer in self.writers
                    for key, content in writer.state.items()}
        found = {key: size for key, size, _ in self.server.client().list(BUCKET)}
        for key in sorted(expected.keys() | found.keys()):
            if expected.get(key) != found.get(key):
                raise Failure(f"{key}: listed with {found.get(key)} bytes, not {expected.get(key)}")
        return sum(len(keys) for _, keys in checks)


def parse():
    binary = os.environ.get("HOLDFAST_BINARY", str(ROOT / "build/release/holdfast"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, help="how often (20, in full 1,000)")
    parser.add_argument("--full", action="store_true", help="1,000 rounds")
    parser.add_argument("--seed", type=int, default=None, help="of the first round")
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--share", type=float, default=1.0,
                        help="of the objects that were not being written, how many to compare")
    parser.add_argument("--loss", choices=["all", "none"],
                        help="of what was not synced, in every round (else all or some; `none` tells "
                             "a server that does not sync from one that is wrong)")
    parser.add_argument("--powercut-fs", default=str(
        pathlib.Path(binary).parent / "tests/powercut/powercut_fs"))
    parser.add_argument("command", nargs="*", default=None,
                        help="the server, with {data} and {s3} for its folder and address")
    options = parser.parse_args()
    options.rounds = options.rounds or (1000 if options.full else 20)
    options.command = options.command or [binary, "up", "--data", "{data}", "--s3", "{s3}"]
    options.seed = options.seed if options.seed is not None else random.getrandbits(32)
    return options


def main():
    options = parse()
    passed = failed = 0
    session = None
    logs = pathlib.Path(tempfile.mkdtemp(prefix="powercut_log_"))
    with open(logs / "server.log", "ab") as log:
        for number in range(options.rounds):
            seed = options.seed + number
            begun = time.monotonic()
            try:
                if session is None or number % ROUNDS_PER_DISK == 0:
                    if session:
                        session.close()
                    session = Session(options, log)
                line = session.play(random.Random(seed))
                passed += 1
                print(f"round {number}, seed {seed}, {time.monotonic() - begun:.1f} s: {line}")
            except (Failure, s3.S3Error, *Unanswered) as error:
                failed += 1
                print(f"FAILED round {number}, seed {seed}: {error}")
                if session:
                    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                        session.close()
                session = None
    if session:
        session.close()
    if failed:
        print(f"what the server said: {logs}/server.log")
    else:
        shutil.rmtree(logs)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
