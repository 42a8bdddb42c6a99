"""Bits that flip on the disk, and a disk that is full."""

import errno
import http.client
import random
import subprocess
import time

import s3
from lifecycle import client_of
from report import Skip, expect, wait_until
from server import Server

MB = 1 << 20
OBJECTS = 12
FULL_DISK_MB = 400
ROOM_SECONDS_MAX = 30


def store(client, draw, bucket):
    client.create_bucket(bucket)
    contents = {f"object-{number}": draw.randbytes(5 * MB) for number in range(OBJECTS)}
    for key, content in contents.items():
        client.put(bucket, key, content)
    return contents


def frames(folder):
    """File and offset of each record that holds something, of the log."""
    for log in folder.rglob("slot/logs/*/*.log"):
        content = log.read_bytes()
        for offset in range(0, len(content), 4096):
            size = int.from_bytes(content[offset + 8:offset + 12], "little")
            if content[offset:offset + 4] == b"HFfr" and size > 1000:
                yield log, offset


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


class Damage:
    def __init__(self, base):
        self.base = base
        self.draw = random.Random(4)

    def flipped_bits(self):
        """In every file that holds content: an error, or the right bytes; never others."""
        with Server(self.base / "flipped") as server:
            contents = store(client_of(server), self.draw, "flipped")
            server.stop()
            shards = sorted(server.folder.rglob("*.shard"))
            expect(shards, "no file holds content")
            for path in shards:
                with open(path, "r+b") as file:
                    position = self.draw.randrange(path.stat().st_size // 2)
                    file.seek(position)
                    byte = file.read(1)[0]
                    file.seek(position)
                    file.write(bytes([byte ^ 1 << self.draw.randrange(8)]))
            server.start()
            client = client_of(server)
            errors = 0
            for key, content in contents.items():
                try:
                    expect(client.get("flipped", key) == content, f"{key} came back with other bytes")
                except (s3.S3Error, http.client.HTTPException, OSError):
                    errors += 1
                    client = client_of(server)
            expect(errors > 0, "no damage was found, of that in every file")
            log = server.log.read_text(errors="replace")
            expect("flipped/object-" in log, "the log does not name the object")
            expect(server.is_ready(), "the node does not serve any more")
        return f"{len(shards)} flips, {errors} of {len(contents)} objects hit"

    def damaged_end(self):
        """The last record that was acknowledged before a kill: not taken for one cut short."""
        server = Server(self.base / "end")
        with server:
            client = client_of(server)
            client.create_bucket("end")
            client.put("end", "one", b"1" * 1000)
            client.put("end", "two", b"2" * 1000)
            time.sleep(1)  # More than a node lets pass before it ends the log.
            server.kill()
            log, offset = max(frames(server.folder))
            with open(log, "r+b") as file:
                file.seek(offset + 300)
                byte = file.read(1)[0]
                file.seek(offset + 300)
                file.write(bytes([byte ^ 1]))
            server.spawn()
            wait_until(lambda: "is damaged" in server.log_tail(), "nothing is said of the damage")
            expect(not server.is_ready(), "it serves as if nothing were missing")

    def small_files(self):
        """One flipped bit each: mended from another copy, or told with the file's path."""
        with Server(self.base / "small-files") as server:
            client = client_of(server)
            client.create_bucket("small")
            client.put("small", "one", b"1" * 1000)
            server.stop()
            folder = server.folder
            mended = ["keys", "keys-copy", "slot/blocks/keys"]
            fatal = ["register", "slot/blocks/register", "slot/slot", "slot/logs/known",
                     "machine-key"]
            for name in mended:
                good = (folder / name).read_bytes()
                flip(folder / name)
                server.start()
                expect(f"{folder}/{name}" in server.log.read_text(), f"{name} is not told of")
                expect(client_of(server).get("small", "one") == b"1" * 1000, "other bytes")
                server.stop()
                expect((folder / name).read_bytes() == good, f"{name} was not mended")
            # The newest log alone: the names of all others are remembered only.
            heads = [str(path.relative_to(folder)) for path in folder.glob("slot/logs/*/head")]
            fatal += heads if len(heads) == 1 else []
            for name in fatal:
                path = folder / name
                good = path.read_bytes()
                flip(path)
                bad = path.read_bytes()
                server.spawn()
                code = server.process.wait(30)
                tail = server.log_tail()
                expect(code == 1, f"{name}: ended with {code}\n{tail}")
                expect(str(path) in tail and "from a backup" in tail, f"{name} is told as:\n{tail}")
                expect(path.read_bytes() == bad, f"{name} was changed")
                path.write_bytes(good)
            server.start()
            expect(client_of(server).get("small", "one") == b"1" * 1000, "other bytes")
        return f"{len(mended)} mended, {len(fatal)} told"

    def full_disk(self):
        return self.on_small_disk("small", lambda disk: Server(disk / "data", log=f"{disk}.log"),
                                  lambda server, disk: self.fill(server))

    def starts_on_full_disk(self):
        return self.on_small_disk("brimful", lambda disk: Server(disk / "data", log=f"{disk}.log"),
                                  self.start_brimful)

    def starts_with_full_slot(self):
        def server_of(disk):
            (disk / "objects").mkdir()
            return Server(self.base / "roomy", options=["--disk", disk / "objects"])
        return self.on_small_disk("brimful-slot", server_of, self.start_brimful)

    def on_small_disk(self, name, server_of, test):
        disk = self.base / name
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={FULL_DISK_MB}m", "none",
                                  disk], capture_output=True, text=True)
        if mounted.returncode != 0:
            raise Skip("a small disk cannot be mounted: needs root")
        try:
            with server_of(disk) as server:
                return test(server, disk)
        finally:
            subprocess.run(["umount", "-l", disk], check=False)

    def fill(self, server):
        client = client_of(server)
        client.create_bucket("full")
        kept = {}
        refused = None
        while refused is None:
            expect(len(kept) * 4 < FULL_DISK_MB, "a disk took more than it has")
            key, content = f"object-{len(kept):03}", self.draw.randbytes(4 * MB)
            try:
                client.put("full", key, content)
                kept[key] = content
            except s3.S3Error as error:
                refused = error
        expect(refused.status == 507 or refused.code in ("InsufficientStorage", "QuotaExceeded",
                                                         "XAmzStorageFull"),
               f"a full disk is told as {refused}")
        for key, content in kept.items():
            expect(client.get("full", key) == content, f"{key} is not readable any more")
        for key in kept:
            client.delete("full", key)
        collected = server.holdfast("vault", "collect", timeout=120)
        expect(collected.returncode == 0, f"collect failed: {collected.stderr}")
        client.put("full", "again", b"x" * 4 * MB)
        server.kill()
        server.start()
        expect(client_of(server).get("full", "again") == b"x" * 4 * MB, "other bytes")
        return f"{len(kept)} objects of 4 MiB fit on {FULL_DISK_MB} MiB, then {refused.code}"

    def start_brimful(self, server, disk):
        """Others took the last byte of the disk: a start, after whatever end, reads and deletes."""
        client = client_of(server)
        client.create_bucket("full")
        content = self.draw.randbytes(4 * MB)
        for number in range(4):
            client.put("full", f"object-{number}", content)
        filler = disk / "filler"
        for number, end in enumerate((server.kill, server.stop, server.kill, server.kill)):
            end()
            fill_up(filler)
            server.start()
            client = client_of(server)
            expect(client.get("full", f"object-{number}") == content, "other bytes")
            client.delete("full", f"object-{number}")
            for size in (100_000, 4 * MB):
                try:
                    client.put("full", "more", self.draw.randbytes(size))
                    expect(False, f"a full disk took {size} bytes more")
                except s3.S3Error as error:
                    expect(error.status == 507, f"a full disk is told as {error}")
        filler.unlink()
        until = time.monotonic() + ROOM_SECONDS_MAX
        while True:
            try:
                client.put("full", "again", content)
                break
            except s3.S3Error as error:
                expect(time.monotonic() < until, f"there is room again, and still: {error}")
                time.sleep(0.5)
        server.kill()
        server.start()
        client = client_of(server)
        expect(client.get("full", "again") == content, "other bytes")
        left = [key for key in ("object-0", "object-1", "object-2", "object-3")
                if client.request("HEAD", f"/full/{key}").status != 404]
        expect(not left, f"deleted and there again: {left}")
        return f"started in {max(server.restart_seconds):.2f} s at most"


def fill_up(path):
    """Makes of the file all that its file system has room for."""
    with open(path, "ab", buffering=0) as file:
        size = MB
        while size:
            try:
                file.write(bytes(size))
            except OSError as error:
                expect(error.errno == errno.ENOSPC, f"{path}: {error}")
                size //= 2


def tests(base):
    damage = Damage(base)
    return [("flipped bits are found", damage.flipped_bits),
            ("damage to the end of the log is found", damage.damaged_end),
            ("small files are mended or named", damage.small_files),
            ("a full disk refuses, reads and deletes", damage.full_disk),
            ("a start on a disk without a byte left", damage.starts_on_full_disk),
            ("a start on a disk of objects without a byte left", damage.starts_with_full_slot)]
