"""Clients that are libraries, as new as they are to be had: boto3 and @aws-sdk/client-s3.

Each is fetched into build/tools and driven by a small program of ours (boto3_client.py,
js_client.cjs) that stores with several streams, prints `done KEY` for each object that was
acknowledged, and tries again by itself while the server is away.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import time

import tree
from client import Client, tail
from report import Skip, expect

HERE = pathlib.Path(__file__).parent
TOOLS = HERE.parents[1] / "build/tools"
NEWEST_FOR_SECONDS = 24 * 3600


def fetched(folder, *commands):
    """Runs the commands that fetch a package, unless they ran today."""
    stamp = folder / "fetched"
    if stamp.exists() and time.time() - stamp.stat().st_mtime < NEWEST_FOR_SECONDS:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for command in commands:
        try:
            run = subprocess.run([str(word) for word in command], cwd=folder, timeout=600,
                                 stdin=subprocess.DEVNULL, capture_output=True, text=True)
        except (OSError, subprocess.TimeoutExpired) as failure:
            raise Skip(f"{command[0]}: {failure}") from failure
        if run.returncode != 0:
            raise Skip(f"{' '.join(map(str, command))} failed: {tail(run.stdout + run.stderr, 4)}")
    stamp.touch()


class Sdk(Client):
    """`driver` is the command that takes VERB FOLDER, and the rest from the environment."""

    driver = ()

    def environment(self):
        return super().environment() | {"ENDPOINT": self.server.endpoint, "BUCKET": self.bucket,
                                        "AWS_REGION": self.server.region}

    def store(self, folder):
        output = self.command(*self.driver, "store", folder)
        done = set(re.findall(r"^done (.*)$", output, re.MULTILINE))
        expect(done == set(tree.files(folder)), "the driver did not store every file")

    def fetch(self, folder):
        self.command(*self.driver, "fetch", folder)

    def remove(self):
        self.command(*self.driver, "remove", ".")


class Boto3(Sdk):
    name = "boto3"

    def prepare(self):
        folder = TOOLS / "boto3"
        python = folder / "venv/bin/python3"
        fetched(folder, (sys.executable, "-m", "venv", "--clear", folder / "venv"),
                (python, "-m", "pip", "install", "--quiet", "--upgrade", "boto3"))
        self.driver = (python, HERE / "boto3_client.py")
        self.version = self.command(*self.driver, "version", ".").strip()


class JavaScript(Sdk):
    name = "aws-sdk-js"

    def prepare(self):
        folder = TOOLS / "js"
        node, npm = shutil.which("node"), shutil.which("npm")
        if node is None or npm is None:
            raise Skip("Node.js with npm is missing: apt-get install nodejs npm")
        fetched(folder, (npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder,
                         "@aws-sdk/client-s3@latest"))
        self.modules = folder / "node_modules"
        self.driver = (node, HERE / "js_client.cjs")
        self.version = self.command(*self.driver, "version", ".").strip()

    def environment(self):
        return super().environment() | {"NODE_PATH": str(self.modules),
                                        "NODE_NO_WARNINGS": "1"}
