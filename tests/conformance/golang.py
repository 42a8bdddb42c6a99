"""Programs in Go at pinned versions, built once into build/suites/go and kept there."""

import json
import os
import pathlib
import shutil
import subprocess

from report import Skip

BUILD_SECONDS_MAX = 1200


def cache():
    folder = pathlib.Path(__file__).resolve().parents[2] / "build/suites/go"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def run(arguments, cwd=None, **environment):
    if shutil.which("go") is None:
        raise Skip("Go 1.25 or newer is missing: install it from https://go.dev/dl")
    return subprocess.run(["go", *arguments], capture_output=True, text=True, cwd=cwd,
                          timeout=BUILD_SECONDS_MAX, env={**os.environ, **environment})


def install(package, version):
    """The program `package` at `version`."""
    program = cache() / f"{package.rsplit('/', 1)[-1]}@{version}"
    if not program.exists():
        done = run(["install", f"{package}@{version}"], GOBIN=str(cache()))
        if done.returncode:
            raise Skip(f"{package}@{version} does not install: {done.stderr.strip()[-400:]}")
        (cache() / package.rsplit("/", 1)[-1]).rename(program)
    return program


def download(module, version):
    """The folder of the sources of `module`, which is not to be changed."""
    done = run(["mod", "download", "-json", f"{module}@{version}"])
    if done.returncode:
        raise Skip(f"{module}@{version} does not download: {done.stdout.strip()[-400:]}")
    return pathlib.Path(json.loads(done.stdout)["Dir"])
