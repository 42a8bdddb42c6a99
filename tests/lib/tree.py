"""Trees of real files to store, and what must come back of them."""

import hashlib
import os
import pathlib
import random
import re
import shutil
import subprocess

from report import Failure, expect

SOURCES = ("/usr/share", "/usr/lib")
SAMPLE_BYTES_MAX = 2 << 20  # Of one file, where not all are taken.
NEEDLES_MAX = 4000

# Names that some client, or some server, has stumbled over.
ODD_NAMES = ("with space.txt", "plus+plus=equals.txt", "100%25.txt", "it's (one) [two] {three}.txt",
             "tilde~comma,semi;colon.txt", "am&per<sand>.txt", "Ünïcödé/日本語/ファイル.txt",
             "dot/.hidden", "two..dots/a...b", "a/b", "a.b/c", "a!", "deep/" * 12 + "end",
             "at@hash$dollar.txt")


def candidates():
    for source in SOURCES:
        for folder, _, names in os.walk(source):
            for name in names:
                path = os.path.join(folder, name)
                if not os.path.islink(path) and os.path.isfile(path) and os.access(path, os.R_OK):
                    yield path


def plant(folder, draw: random.Random, count=None):
    """Fills `folder` with `count` files of this machine, or all of them, and with odd ones."""
    paths = sorted(path for path in candidates() if is_text(path))
    if count is not None:
        small = [path for path in paths if os.path.getsize(path) <= SAMPLE_BYTES_MAX]
        paths = draw.sample(small, min(count, len(small)))
    for path in paths:
        target = folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    odd = folder / "odd"
    for number, name in enumerate(ODD_NAMES):
        write(odd / name, f"the odd file of number {number}, named {name}\n".encode() * (number + 1))
    write(odd / "empty", b"")
    write(odd / "one-byte", b"1")
    for size in (5 << 20, (5 << 20) + 1, (16 << 20) + 12345):
        write(odd / f"noise-{size}", draw.randbytes(size))
    write(odd / "zeros", bytes(9 << 20))
    write(odd / "sparkling-needle-name.txt", b"a sparkling needle in this haystack of bytes\n" * 50)


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def is_text(path):
    """A name that every client can say."""
    try:
        return path.encode().decode().isprintable()
    except UnicodeEncodeError:
        return False


def files(folder):
    """Relative names of all files below, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")
                  if path.is_file() and not path.is_symlink())


def expect_same(folder, other):
    """Both have the same files with the same bytes."""
    here, there = files(folder), files(other)
    missing = sorted(set(here) - set(there))
    expect(not missing, f"{len(missing)} files are missing, such as {missing[:3]}")
    excess = sorted(set(there) - set(here))
    expect(not excess, f"{len(excess)} files came from nowhere, such as {excess[:3]}")
    for name in here:
        with open(folder / name, "rb") as one, open(other / name, "rb") as two:
            while True:
                piece = one.read(1 << 20)
                expect(piece == two.read(1 << 20), f"{name} has other bytes")
                if not piece:
                    break
    return len(here)


def expect_stored(client, bucket, folder, names, only_these=False):
    """A listing shows each of `names` as it is in the folder: size, and MD5 where the ETag is one."""
    stored = {key: (size, etag) for key, size, etag in client.list(bucket)}
    for name in names:
        expect(name in stored, f"{name} was acknowledged and is not there")
        size, etag = stored[name]
        content = (folder / name).read_bytes()
        expect(size == len(content), f"{name} has {size} bytes instead of {len(content)}")
        if "-" not in etag:
            expect(etag == hashlib.md5(content).hexdigest(), f"{name} has another ETag")
    if only_these:
        excess = sorted(set(stored) - set(names))
        expect(not excess, f"{len(excess)} objects came from nowhere, such as {excess[:3]}")


# --- What must not be found on a disk.

def needles(folder, draw: random.Random):
    """Parts of names, and lines out of contents, that nothing else contains by chance."""
    found = set()
    names = files(folder)
    for name in draw.sample(names, min(NEEDLES_MAX, len(names))):
        found.add(os.path.basename(name))
        content = (folder / name).read_bytes()[: 1 << 16]
        lines = re.findall(rb"[ -~]{24,80}", content)
        # A run of one character is in files of every kind.
        found.update(line.decode() for line in lines[:3] if len(set(line)) > 8)
    return sorted(text for text in found if len(text) >= 12)


def expect_hidden(texts, data_folder, tree, work):
    """No needle is anywhere below the data folder; the same search finds them in the tree."""
    patterns = pathlib.Path(work) / "needles"
    patterns.write_text("\n".join(texts) + "\n")
    if not search(patterns, tree):
        raise Failure("the search finds nothing where all of it is: it proves nothing")
    found = search(patterns, data_folder)
    expect(not found, f"plain names or bytes lie in {found[:5]}")
    for path in pathlib.Path(data_folder).rglob("*"):
        hit = [text for text in texts if text in path.name]
        expect(not hit, f"{path} is named like what is stored: {hit[:1]}")
    return f"{len(texts)} needles"


def search(patterns, folder):
    run = subprocess.run(["grep", "-r", "-l", "-a", "-F", "-f", patterns, folder],
                         capture_output=True, text=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})
    if run.returncode > 1:
        raise Failure(f"grep failed: {run.stderr}")
    return run.stdout.splitlines()
