"""Servers under `holdfast bench s3`: ours, and those of others."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

from server import BINARY, Server

ACCESS_KEY, SECRET_KEY = "bench-access-key", "bench-secret-key-1234"
START_SECONDS_MAX = 60


class Load:
    """The outcome of one run of the load generator."""

    def __init__(self, outcome):
        self.runs = outcome["runs"]
        self.limits = outcome["limits"]

    def run(self, operation):
        return next(run for run in self.runs if run["operation"] == operation)

    def limit(self, name):
        return self.limits[name]


class Target:
    """A server that the load generator can reach, and whose process it can watch."""

    name = ""
    endpoint = None
    process_id = 0
    folder = None

    def load(self, out, name, *options):
        """Runs the generator, shows its table, and keeps its JSON as NAME.json in `out`."""
        path = out / f"{self.name}-{name}.json"
        path.unlink(missing_ok=True)
        environment = os.environ | {"HOLDFAST_ACCESS_KEY": ACCESS_KEY,
                                    "HOLDFAST_SECRET_KEY": SECRET_KEY}
        print(f"\n== {self.name}: {name}", flush=True)
        ended = subprocess.run(
            [BINARY, "bench", "s3", "--endpoint", self.endpoint, "--server-pid",
             str(self.process_id), "--disk", self.folder, "--json", path, "--prefix", f"{name}/",
             *options], stdin=subprocess.DEVNULL, env=environment, check=False)
        if not path.exists():
            raise RuntimeError(f"the load {name} on {self.name} ended with {ended.returncode}")
        return Load(json.loads(path.read_text()))


class Ours(Target):
    name = "holdfast"

    def __init__(self, folder):
        self.folder = folder
        self.server = Server(folder / "data", ACCESS_KEY, SECRET_KEY)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.server.kill()

    def start(self):
        self.server.start()
        self.endpoint = self.server.endpoint
        self.process_id = self.server.process.pid

    def restart(self):
        if self.server.stop(60) != 0:
            raise RuntimeError("the server did not end in order")
        self.start()


class Peer(Target):
    """Another S3 server on one folder, by the command that starts it."""

    commands = {
        "versitygw": (["--port", "{address}", "--quiet", "posix", "{folder}"],
                      {"ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY}),
        "minio": (["server", "--quiet", "--address", "{address}", "{folder}"],
                  {"MINIO_ROOT_USER": ACCESS_KEY, "MINIO_ROOT_PASSWORD": SECRET_KEY}),
    }

    def __init__(self, spoken, folder):
        """`spoken`: NAME, or NAME=PROGRAM."""
        self.name, _, program = spoken.partition("=")
        if self.name not in self.commands:
            raise SystemExit(f"the peers known are: {', '.join(self.commands)}")
        self.program = program or shutil.which(self.name)
        if not self.program or not pathlib.Path(self.program).exists():
            raise SystemExit(f"{self.name} is not installed; say --peer {self.name}=PROGRAM")
        self.folder = folder
        self.process = None

    def __enter__(self):
        with socket.socket() as probe:  # A port that was free a moment ago.
            probe.bind(("127.0.0.1", 0))
            address = "127.0.0.1:%d" % probe.getsockname()[1]
        arguments, keys = self.commands[self.name]
        with open(self.folder / "log", "wb") as log:
            (self.folder / "data").mkdir()
            self.process = subprocess.Popen(
                [self.program, *(word.format(address=address, folder=self.folder / "data")
                                 for word in arguments)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=os.environ | keys)
        self.endpoint, self.process_id = f"http://{address}", self.process.pid
        await_port(address)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def await_port(address):
    host, _, port = address.partition(":")
    begun = time.monotonic()
    while True:
        try:
            with socket.create_connection((host, int(port)), timeout=1):
                return
        except OSError:
            if time.monotonic() - begun > START_SECONDS_MAX:
                raise
            time.sleep(0.05)


def resident_bytes(process_id):
    status = pathlib.Path(f"/proc/{process_id}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) * 1024
