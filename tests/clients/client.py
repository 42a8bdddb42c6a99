"""What every client of the suite is to its tests: a way to store a tree, fetch it, and remove it."""

import os
import pathlib
import re
import shutil
import subprocess
import time

import tree
from report import Failure, Skip

ATTEMPTS_MAX = 6  # Of a command that gives up while its server is being killed.
SECONDS_MAX = 4 * 3600
READY_SECONDS_MAX = 30
DEBIAN = "/usr/bin:/bin"


class Client:
    """`server` is anything with endpoint, access_key, secret_key and region."""

    name = ""
    keeps_files = True  # One object for each file, with its path as key.

    def __init__(self, server, s3, bucket, work):
        self.server = server
        self.s3 = s3  # A client of ours, to look at what is there.
        self.bucket = bucket
        self.work = pathlib.Path(work)
        self.log = self.work / "log"
        self.attempts = 0

    def prepare(self):
        """Raises Skip where something is missing."""

    def store(self, folder):
        raise NotImplementedError

    def fetch(self, folder):
        raise NotImplementedError

    def remove(self):
        raise NotImplementedError

    # --- For those that are programs.

    def environment(self):
        """Nothing of the user's own, and the access key."""
        kept = {name: value for name, value in os.environ.items()
                if name in ("PATH", "LANG", "SSL_CERT_FILE")}
        home = self.work / "home"
        home.mkdir(exist_ok=True)
        return kept | {"HOME": str(home), "LC_ALL": "C.UTF-8",
                       "AWS_ACCESS_KEY_ID": self.server.access_key,
                       "AWS_SECRET_ACCESS_KEY": self.server.secret_key,
                       "AWS_DEFAULT_REGION": self.server.region,
                       "AWS_EC2_METADATA_DISABLED": "true"}

    def command(self, *arguments):
        """Runs it once; its output, or Failure."""
        code, output = self.attempt(arguments)
        if code != 0:
            raise Failure(f"{arguments[0]} ended with {code}: {tail(output)}")
        return output

    def wait_until_ready(self):
        """As a person would, who reads that the node is still starting."""
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not self.server.is_ready() and time.monotonic() < deadline:
            time.sleep(0.05)

    def persist(self, *arguments, folder=None, acknowledged=None, before_retry=None):
        """Runs it again until it succeeds.

        `acknowledged` finds in its output which files of `folder` are stored: that must be true
        before the command may go on.
        """
        for _ in range(ATTEMPTS_MAX):
            code, output = self.attempt(arguments)
            if code == 0:
                return output
            if acknowledged:
                tree.expect_stored(self.s3, self.bucket, folder, acknowledged(output))
            if before_retry:
                before_retry()
            self.wait_until_ready()
        raise Failure(f"{arguments[0]} gave up {ATTEMPTS_MAX} times: {tail(output)}")

    def attempt(self, arguments):
        self.attempts += 1
        run = subprocess.run([str(argument) for argument in arguments], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             env=self.environment(), timeout=SECONDS_MAX)
        output = run.stdout.decode(errors="replace")
        with open(self.log, "a") as log:
            log.write(f"$ {' '.join(map(str, arguments))}\n{output}[{run.returncode}]\n")
        return run.returncode, output


def lines_like(pattern):
    """For `acknowledged`: the group of each line that is like this."""
    return lambda output: re.findall(pattern, output, re.MULTILINE)


def tail(output, lines=8):
    return "\n".join(output.splitlines()[-lines:])


def program(name, package):
    """Debian's own, where there is another of that name."""
    path = shutil.which(name, path=DEBIAN) or shutil.which(name)
    if path is None:
        raise Skip(f"{name} is missing: apt-get install {package}")
    return path
