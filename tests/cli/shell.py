"""Running the program as a person or a script does."""

import fcntl
import json
import os
import pty
import select
import subprocess
import termios
import time

from report import expect
from server import BINARY

SECONDS_MAX = 60


def clean_environment(**more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
    return kept | more


def run(*arguments, code=0, text=None, environment=None):
    """Runs it, expects its exit code, and returns what it printed: on success to standard output,
    otherwise to standard error."""
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True,
                          errors="surrogateescape", timeout=SECONDS_MAX, input=text or "",
                          env=environment or clean_environment())
    expect(done.returncode == code,
           f"`holdfast {' '.join(map(str, arguments))}` ended with {done.returncode} instead of "
           f"{code}: {done.stdout[-300:]}{done.stderr[-600:]}")
    return done.stdout if code == 0 else done.stderr


class Shell:
    """The same, always on one node."""

    def __init__(self, server):
        self.server = server

    def __call__(self, *arguments, **keywords):
        return run(*arguments, "--data", self.server.folder, **keywords)

    def json(self, *arguments):
        return json.loads(self(*arguments, "--json"))


def take_terminal():
    """Makes the terminal on standard input the one that Ctrl+C comes from."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """The program on a terminal of its own. Use as a context."""

    def __init__(self, *arguments, columns=80):
        self.screen, theirs = pty.openpty()
        self.shown = b""
        self.process = subprocess.Popen([BINARY, *map(str, arguments)], stdin=theirs, stdout=theirs,
                                        stderr=theirs, start_new_session=True, preexec_fn=take_terminal,
                                        env=clean_environment(COLUMNS=str(columns)))
        os.close(theirs)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.screen)

    def type(self, text):
        os.write(self.screen, text.encode())

    def wait_for(self, text):
        """Reads until `text` is on the screen; everything shown so far is returned."""
        deadline = time.monotonic() + SECONDS_MAX
        while text.encode() not in self.shown:
            expect(time.monotonic() < deadline, f"`{text}` does not come: {self.shown!r}")
            self.read()
        return self.shown.decode()

    def end(self):
        """Reads to the end; returns the exit code."""
        while self.read():
            pass
        return self.process.wait(SECONDS_MAX)

    def read(self):
        ready, _, _ = select.select([self.screen], [], [], SECONDS_MAX)
        expect(ready, f"nothing more comes after {self.shown!r}")
        try:
            piece = os.read(self.screen, 65536)
        except OSError:  # How Linux tells that the other side is closed.
            return False
        self.shown += piece
        return bool(piece)
