"""One tree stored twice, edited a little, stored again: by `holdfast sync`, and by restic."""

import dataclasses
import json
import os
import pathlib
import resource
import shutil
import subprocess
import time

import tree
from server import BINARY, Server

RESTIC = "github.com/restic/restic@v0.19.1"
EDITED_SHARE = 100  # One file of so many.
REST_SECONDS = 15
SOURCES = ("/usr/bin", "/usr/lib", "/usr/share")


@dataclasses.dataclass
class Outcome:
    name: str
    stored: int  # Bytes on disk.
    cpu_seconds: float
    steps: list  # (what, CPU seconds, seconds)


def plant(folder, bytes_max):
    """A copy of what this machine has installed, up to so many bytes. Returns its files."""
    total = 0
    copied = []
    for path in candidates():
        size = os.path.getsize(path)
        if total + size > bytes_max:
            continue
        target = folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        copied.append(target)
        total += size
        if total > bytes_max * 0.995:
            break
    return copied, total


def candidates():
    """Every other folder in turn, so that programs and documents are both there."""
    found = {source: iter(files_below(source)) for source in SOURCES}
    while found:
        for source in list(found):
            for _ in range(50):
                path = next(found[source], None)
                if path is None:
                    del found[source]
                    break
                yield path


def files_below(source):
    for folder, folders, names in os.walk(source):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            if tree.is_text(path) and not os.path.islink(path) and os.path.isfile(path) \
                    and os.access(path, os.R_OK):
                yield path


def edit(files, draw):
    """Changes some bytes in the middle of one file in a hundred."""
    for path in files[::EDITED_SHARE]:
        content = path.read_bytes()
        middle = len(content) // 2
        path.write_bytes(content[:middle] + draw.randbytes(100) + content[middle + 50:])


def run(command, **keywords):
    """Runs it; its processor seconds and the time it took."""
    begun = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **keywords)
    _, status, use = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    return use.ru_utime + use.ru_stime, time.monotonic() - begun


def stored_bytes(folder):
    """As `du` counts: what is allocated."""
    return sum(os.lstat(os.path.join(path, name)).st_blocks * 512
               for path, _, names in os.walk(folder) for name in names)


def cpu_of(process_id):
    fields = pathlib.Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def steps(store, edited):
    """First, again under another name, and after the edit, under the first."""
    done = []
    for what, place in (("first", "one"), ("again", "two"), ("edited", "one")):
        if what == "edited":
            edited()
        spent, took = store(place, what)
        done.append((what, spent, took))
        print(f"   {what:<7}{spent:8.1f} CPU s{took:8.1f} s", flush=True)
    return done


def children_seconds():
    """Of processors, by all children that have ended: clients and servers alike."""
    use = resource.getrusage(resource.RUSAGE_CHILDREN)
    return use.ru_utime + use.ru_stime


def by_holdfast(work, source, edited):
    print("\n== tree: holdfast sync, client and server together", flush=True)
    before = children_seconds()
    server = Server(work / "data")
    with server:
        made = server.holdfast("bucket", "create", "tree")
        if made.returncode != 0:
            raise RuntimeError(made.stderr)
        process = server.process.pid

        def store(place, _):
            server_before = cpu_of(process)
            spent, took = run([BINARY, "sync", "--quiet", "--data", server.folder, source,
                               f"hf://tree/{place}/"])
            return spent + cpu_of(process) - server_before, took

        done = steps(store, edited)
        time.sleep(REST_SECONDS)  # As it would go on running; then its log is cut short.
        server.stop(120)  # What was still under way counts too, as does what it leaves on disk.
    return Outcome("holdfast", stored_bytes(server.folder), children_seconds() - before, done)


def by_restic(program, work, source, edited):
    told = subprocess.run([program, "version"], capture_output=True, text=True, check=True).stdout
    name = " ".join(told.split()[:2])
    print(f"\n== tree: {name}", flush=True)
    before = children_seconds()
    repository = work / "repository"
    environment = os.environ | {"RESTIC_REPOSITORY": str(repository), "RESTIC_PASSWORD": "bench",
                                "RESTIC_CACHE_DIR": str(work / "cache")}
    run([program, "init", "--quiet"], env=environment)

    def store(_, what):
        # Under another name everything is read again; so it is here.
        options = ["--force"] if what == "again" else []
        return run([program, "backup", "--quiet", *options, source], env=environment)

    done = steps(store, edited)
    return Outcome(name, stored_bytes(repository), children_seconds() - before, done)


def fetch_restic(folder):
    """The release to be compared with, built by Go; else Debian's; else nothing."""
    program = folder / RESTIC.rpartition("/")[2]
    if program.exists():
        return program
    if shutil.which("go"):
        try:
            told = subprocess.run(["go", "mod", "download", "-json", RESTIC], cwd="/", check=True,
                                  capture_output=True, text=True)
            source = folder / "restic-source"
            shutil.copytree(json.loads(told.stdout)["Dir"], source, dirs_exist_ok=True,
                            copy_function=shutil.copyfile)
            subprocess.run(["chmod", "-R", "u+w", source], check=True)
            subprocess.run(["go", "build", "-o", program, "./cmd/restic"], cwd=source, check=True)
            shutil.rmtree(source)
            return program
        except (subprocess.CalledProcessError, OSError) as failure:
            print(f"{RESTIC} cannot be built ({failure}); taking the installed one", flush=True)
    installed = shutil.which("restic")
    return pathlib.Path(installed) if installed else None
