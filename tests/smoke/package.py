"""The Debian package: made of the program that is tested, and complete."""

import pathlib
import subprocess

from report import Skip, expect
from server import BINARY, clean_environment

ROOT = pathlib.Path(__file__).resolve().parents[2]
PARTS = ("usr/bin/holdfast", "usr/lib/systemd/system/holdfast.service",
         "usr/share/man/man1/holdfast.1.gz", "usr/share/bash-completion/completions/holdfast",
         "usr/share/zsh/vendor-completions/_holdfast",
         "usr/share/fish/vendor_completions.d/holdfast.fish", "usr/share/doc/holdfast/copyright")


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          env=clean_environment())
    expect(done.returncode == 0, f"{command[0]} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def complete(base):
    make = ROOT / "packaging/make.sh"
    if not make.exists():
        raise Skip("there is no packaging yet")
    folder = base / "package"
    folder.mkdir()
    package = pathlib.Path(run(make, BINARY, folder).splitlines()[-1])
    run("dpkg-deb", "-x", package, folder / "files")
    for part in PARTS:
        file = folder / "files" / part
        expect(file.is_file() and file.stat().st_size > 0, f"{part} is missing or empty")
    about = run("dpkg-deb", "-f", package)
    expect("libssl3" in about, "what the program needs is not among its dependencies")
    version = run(folder / "files/usr/bin/holdfast", "version").split()[1]
    expect(f"Version: {version}\n" in about, "the package has another version than the program")
    return f"{package.name}, {package.stat().st_size >> 10} KiB"


def tests(base):
    return [("a Debian package with all that belongs to it", lambda: complete(base))]
