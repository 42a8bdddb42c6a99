#!/usr/bin/env python3
"""Runs clang-format (as a check) and clang-tidy over the files named on standard input.

A file that was found clean is not looked at again until it, a header that it includes, its compile
command or the rules change: that is noted under ~/.cache/holdfast/lint. Files that were committed
last come first; with --seconds, those that the time does not suffice for are told, and do not fail
the run.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/lint"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache",
                     "holdfast/lint")
FORMAT = "clang-format-19"
TIDY = "clang-tidy-19"
INCLUDE = re.compile(r'^\s*#include "([^"]+)"', re.MULTILINE)


def badly_formatted(files):
    run = subprocess.run([FORMAT, "--dry-run", *files], capture_output=True, text=True, cwd=ROOT)
    return sorted(set(re.findall(r"^(\S+?):\d+:\d+: warning:", run.stderr, re.MULTILINE)))


class Marks:
    """Which files were found clean, by a hash of all that the finding rests on."""

    def __init__(self):
        version = subprocess.run([TIDY, "--version"], capture_output=True, text=True).stdout
        rules = (ROOT / ".clang-tidy").read_text()
        self.base = hashlib.sha256((version + rules).encode())
        self.closures = {}
        commands = json.loads((BUILD / "compile_commands.json").read_text())
        self.commands = {entry["file"]: entry["command"] for entry in commands}

    def closure(self, path):
        """The file and the project's headers that it includes, by any number of steps."""
        if path not in self.closures:
            self.closures[path] = set()  # Ends a cycle of includes.
            found = {path}
            for name in INCLUDE.findall((ROOT / path).read_text()):
                for folder in ("src", pathlib.PurePosixPath(path).parent.as_posix()):
                    if (ROOT / folder / name).is_file():
                        found |= self.closure(f"{folder}/{name}")
                        break
            self.closures[path] = found
        return self.closures[path]

    def mark(self, path):
        digest = self.base.copy()
        digest.update(self.commands[str(ROOT / path)].replace(str(ROOT), "").encode())
        for name in sorted(self.closure(path)):
            digest.update(name.encode() + b"\0" + (ROOT / name).read_bytes())
        return CACHE / digest.hexdigest()


def newest_first(files):
    """By the commit that last touched them, uncommitted work before all."""
    order = {}
    dirty = subprocess.run(["git", "diff", "--name-only", "HEAD"], capture_output=True, text=True,
                           cwd=ROOT).stdout.split()
    log = subprocess.run(["git", "log", "--format=", "--name-only", "--", "src"],
                         capture_output=True, text=True, cwd=ROOT).stdout.split()
    for name in dirty + log:
        order.setdefault(name, len(order))
    return sorted(files, key=lambda name: order.get(name, 0))


def tidy(path, mark, deadline):
    """True when clean, False when not, None when there was no time."""
    if deadline and time.monotonic() > deadline:
        return None
    run = subprocess.run([TIDY, "--quiet", "-p", str(BUILD), path], capture_output=True, text=True,
                         cwd=ROOT)
    if run.returncode == 0:
        mark.touch()
        return True
    print(f"FAIL {path}\n{run.stdout}", flush=True)
    if not run.stdout.strip():
        print(run.stderr)
    return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=0, help="0: as long as it takes")
    parser.add_argument("--count", type=pathlib.Path, help="where to write PASSED FAILED")
    options = parser.parse_args()
    files = sys.stdin.read().split()

    unformatted = badly_formatted(files) if files else []
    for name in unformatted:
        print(f"FAIL {name}: not formatted; run ./dev fmt")

    CACHE.mkdir(parents=True, exist_ok=True)
    marks = Marks()
    sources = [name for name in files if str(ROOT / name) in marks.commands]
    todo = [(name, marks.mark(name)) for name in newest_first(sources)]
    known = sum(mark.exists() for _, mark in todo)
    todo = [(name, mark) for name, mark in todo if not mark.exists()]
    print(f"{len(files)} files, {len(sources)} to compile; {known} of these known to be clean",
          flush=True)

    deadline = time.monotonic() + options.seconds if options.seconds else 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(lambda pair: tidy(*pair, deadline), todo))
    late = outcomes.count(None)
    if late:
        print(f"{late} files not looked at: {options.seconds:.0f} s did not suffice; "
              "`./dev lint` takes its time")
    findings = outcomes.count(False)
    passed = known + outcomes.count(True)
    failed = len(unformatted) + findings
    print(f"lint: {passed} clean, {failed} not")
    if options.count:
        options.count.write_text(f"{passed} {failed}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
