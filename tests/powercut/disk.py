"""The disk whose power can be cut, as a context manager for tests (see powercut_fs.cpp)."""

import contextlib
import os
import signal
import subprocess
import tempfile


class Disk:
    """powercut_fs, mounted at `path` below a new folder."""

    def __init__(self, program):
        self.folder = tempfile.mkdtemp(prefix="powercut_")
        self.path = os.path.join(self.folder, "disk")
        os.mkdir(self.path)
        self.process = subprocess.Popen([program, self.path], stdout=subprocess.PIPE)
        if self.process.stdout.readline() != b"ready\n":
            self.close()
            raise RuntimeError(f"{program} cannot mount: needs /dev/fuse and the right to mount")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        with contextlib.suppress(OSError):  # Left mounted if the program died.
            if os.path.ismount(self.path):
                subprocess.run(["fusermount3", "-u", "-z", self.path], check=False)
        with contextlib.suppress(OSError):
            os.rmdir(self.path)
            os.rmdir(self.folder)

    def command(self, text):
        handle = os.open(os.path.join(self.path, ".powercut"), os.O_WRONLY)
        try:
            os.write(handle, text.encode())
        finally:
            os.close(handle)

    def cut(self, loss="all"):
        self.command(f"cut {loss}")

    def revive(self):
        self.command("revive")

    def signal_cut(self):
        self.process.send_signal(signal.SIGUSR1)

    def status(self):
        """(is_on, cuts, changes, unsynced_names)"""
        with open(os.path.join(self.path, ".powercut"), encoding="ascii") as file:
            state, *numbers = file.read().split()
        return (state == "on", *map(int, numbers))
