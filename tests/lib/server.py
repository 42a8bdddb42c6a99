"""The real program as a suite needs it: started, killed without warning, started again.

The port is drawn by the system at the first start and kept, so that clients find the server again.
"""

import os
import pathlib
import random
import signal
import socket
import subprocess
import tempfile
import threading
import time

BINARY = pathlib.Path(os.environ.get("HOLDFAST_BINARY") or
                      pathlib.Path(__file__).parents[2] / "build/release/holdfast")
READY_SECONDS_MAX = 60
POLL_SECONDS = 0.005


class ServerError(Exception):
    pass


def clean_environment():
    """Without the settings of whoever runs the suite."""
    return {name: value for name, value in os.environ.items()
            if not name.startswith(("HOLDFAST_", "AWS_"))}


class Server:
    """A node with a data folder of its own. Use as a context, which ends it."""

    region = "us-east-1"

    def __init__(self, folder, access_key="suite-access-key", secret_key="suite-secret-key-1234",
                 log=None, options=()):
        self.folder = pathlib.Path(folder)
        self.note = self.folder / "endpoint"  # Where the node says where S3 is.
        self.access_key = access_key
        self.secret_key = secret_key
        self.log = pathlib.Path(log or f"{self.folder}.log")
        self.options = list(options)
        self.address = "127.0.0.1:0"
        self.endpoint = None
        self.process = None
        self.restart_seconds = []  # From start to ready, of each start.

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    def start_locked(self):
        """Returns when the node answers, while its vault waits for a passphrase."""
        self.start(lambda: self.ask("/healthz")[0] == 200)

    def start(self, is_up=None):
        """Returns when the node is ready; notes how long that took."""
        begun = time.monotonic()
        self.spawn()
        self.wait_for(is_up or self.is_ready, begun)
        self.restart_seconds.append(time.monotonic() - begun)
        self.endpoint = self.note.read_text().strip()
        self.address = self.endpoint.split("://")[1]

    def spawn(self):
        """Starts the process and does not wait for anything."""
        if not BINARY.exists():
            raise ServerError(f"{BINARY} is not built: ./dev build release holdfast")
        self.note.unlink(missing_ok=True)  # Of the run before.
        environment = clean_environment() | {"HOLDFAST_ACCESS_KEY": self.access_key,
                                             "HOLDFAST_SECRET_KEY": self.secret_key}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "up", "--data", self.folder, "--s3", self.address, *self.options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)

    def wait_for(self, is_up, begun):
        while not (self.note.exists() and is_up()):
            if self.process.poll() is not None:
                raise ServerError(f"the server ended with {self.process.returncode}; "
                                  f"its log ({self.log}) ends:\n{self.log_tail()}")
            if time.monotonic() - begun > READY_SECONDS_MAX:
                self.kill()
                raise ServerError(f"not ready after {READY_SECONDS_MAX} s; "
                                  f"the log ({self.log}) ends:\n{self.log_tail()}")
            time.sleep(POLL_SECONDS)

    def is_ready(self):
        return self.ask("/readyz")[0] == 200

    def bytes_moved(self):
        """In bodies of requests and answers since it started."""
        lines = self.ask("/metrics")[1].decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines
                   if line.startswith("holdfast_body_bytes_total"))

    def ask(self, path):
        """Status and body of a GET on the node's socket; status 0 while nobody listens."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(5)
                connection.connect(self.socket_path())
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n"
                                   .encode())
                answer = b""
                while piece := connection.recv(65536):
                    answer += piece
        except OSError:
            return 0, b""
        head, _, body = answer.partition(b"\r\n\r\n")
        return (int(head.split()[1]), body) if head.startswith(b"HTTP/") else (0, b"")

    def socket_path(self):
        """In the folder, or, where that path would be too long, where the folder says."""
        elsewhere = self.folder / "socket"
        if elsewhere.is_file():
            return elsewhere.read_text().strip()
        return str(self.folder / "holdfast.sock")

    def kill(self):
        """As a power cut looks to a process."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def stop(self, seconds=15):
        """In order. Returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(seconds)
        self.process = None
        return code

    def log_tail(self, lines=15):
        try:
            text = self.log.read_text(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def holdfast(self, *arguments, **keywords):
        """Runs the command line against this node."""
        return subprocess.run([BINARY, *arguments, "--data", self.folder], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              env=clean_environment(), **keywords)


class Killer:
    """Kills and restarts a server `count` times, at random moments, from a thread of its own.

    The next kill comes when a random share of `size` bytes has moved since the start, at the latest
    `pause` seconds after it: so that a client is hit at work, however quick it is. Now and then the
    server is killed once more while it starts. Use as a context: leaving it ends the killing, and
    raises if the server did not come up again.
    """

    def __init__(self, server, draw: random.Random, count, size, pause=3.0):
        self.server = server
        self.draw = draw
        self.count = count
        self.size = size
        self.pause = pause
        self.kills = 0
        self.failure = None
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        if self.failure:
            raise self.failure

    def run(self):
        try:
            for _ in range(self.count):
                if not self.is_time():
                    return
                self.server.kill()
                self.kills += 1
                if self.draw.random() < 0.3:
                    self.server.spawn()
                    time.sleep(self.draw.uniform(0, 0.3))
                    self.server.kill()
                    self.kills += 1
                self.server.start()
        except Exception as failure:  # Told to whoever waits for the end.
            self.failure = failure


    def is_time(self):
        """Waits for the moment of the next kill; whether the client is still at work then."""
        latest = time.monotonic() + self.draw.uniform(0.05, self.pause)
        enough = self.server.bytes_moved() + self.draw.uniform(0, self.size / (self.count + 1))
        while time.monotonic() < latest and self.server.bytes_moved() < enough:
            if self.ended.wait(POLL_SECONDS):
                return False
        return not self.ended.is_set()


def scratch_folder(name):
    """A new empty folder in build/suites, whose content is of no use afterwards."""
    base = pathlib.Path(__file__).parents[2] / "build/suites"
    base.mkdir(parents=True, exist_ok=True)
    return pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-", dir=base))
