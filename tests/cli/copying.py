"""cp, mv, rm, cat, sync: what arrives where, and what is left alone."""

import os
import random
import signal
import stat
import subprocess
import time

import s3
from report import expect
from server import BINARY
from shell import SECONDS_MAX, Shell, Terminal, clean_environment

MB = 1 << 20


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def tree_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*") if path.is_file()}


class Copying:
    def __init__(self, server, base):
        self.server = server
        self.holdfast = Shell(server)
        self.base = base / "copying"
        self.draw = random.Random(7)
        self.tree = self.base / "tree"
        for name, size in (("a.txt", 5), ("empty", 0), ("deep/er/b.bin", 3 * MB + 17),
                           ("deep/c", 70_000), ("[odd] name", 9), ("größe.jpg", 100)):
            write(self.tree / name, self.draw.randbytes(size))

    def keys(self, place):
        return [row["key"] for row in self.holdfast.json("ls", "-r", place)]

    def single_files(self):
        self.holdfast("bucket", "create", "cup")
        self.holdfast("cp", self.tree / "a.txt", "hf://cup/")
        self.holdfast("cp", self.tree / "a.txt", "hf://cup/named")
        self.holdfast("cp", self.tree / "a.txt", self.tree / "[odd] name", "hf://cup/both")
        expect(self.keys("cup") == ["a.txt", "both/[odd] name", "both/a.txt", "named"],
               f"{self.keys('cup')}")
        self.holdfast("cp", "hf://cup/named", self.base / "back")
        expect((self.base / "back").read_bytes() == (self.tree / "a.txt").read_bytes(), "bytes")
        (self.base / "into").mkdir()
        self.holdfast("cp", "hf://cup/both/[odd] name", self.base / "into")
        expect((self.base / "into/[odd] name").exists(), "not put into the folder")
        self.holdfast("cp", "hf://cup/nothing", self.base / "x", code=3)
        said = self.holdfast("cp", "hf://cup/named", "hf://cup/a.txt", self.base / "back", code=2)
        expect("back is not a folder" in said, said)
        self.holdfast("cp", self.base / "nothing", "hf://cup/", code=3)
        self.holdfast("cp", self.tree, "hf://cup/", code=2)
        self.holdfast("cp", self.tree / "a.txt", self.base / "x", code=2)
        said = self.holdfast("cp", "-r", self.tree, "hf://nobucket/", code=3)
        expect(said.count("There is no bucket") == 1, said)

    def pipes(self):
        text = "piped\n" * 100_000
        self.holdfast("cp", "-", "hf://cup/piped", text=text)
        expect(self.holdfast("cat", "hf://cup/piped") == text, "cat shows something else")
        expect(self.holdfast("cp", "hf://cup/piped", "-") == text, "cp to - shows something else")
        self.holdfast("cp", "-", "hf://cup/", text="x", code=2)

    def folders(self):
        self.holdfast("cp", "-r", self.tree, "hf://cup/in/")
        self.holdfast("cp", "-r", f"{self.tree}/", "hf://cup/content/")
        self.holdfast("cp", "-r", self.tree, "hf://cup/as")
        for prefix in ("in/tree/", "content/", "as/"):
            back = self.base / "folders" / prefix
            self.holdfast("cp", "-r", f"hf://cup/{prefix}", back)
            expect(tree_of(back) == tree_of(self.tree), f"{prefix} came back otherwise")
        self.holdfast("cp", "-r", "hf://cup/in/tree", "hf://cup/there/")
        expect(len(self.keys("hf://cup/there/tree/")) == 6, "not copied there")

    def moves(self):
        self.holdfast("cp", self.tree / "a.txt", "hf://cup/m/one")
        self.holdfast("mv", "hf://cup/m/one", "hf://cup/m/two")
        expect(self.keys("hf://cup/m/") == ["m/two"], f"{self.keys('hf://cup/m/')}")
        self.holdfast("bucket", "create", "other")
        self.holdfast("mv", "hf://cup/m/two", "hf://other/")
        expect(self.keys("other") == ["two"], "not in the other bucket")
        self.holdfast("ls", "hf://cup/m/two", code=3)
        self.holdfast("mv", "-r", "hf://cup/there/tree", "hf://cup/moved")
        expect(len(self.keys("hf://cup/moved/")) == 6, "the folder did not move")
        self.holdfast("mv", self.tree / "a.txt", "hf://cup/", code=1)
        expect((self.tree / "a.txt").exists(), "the file is gone")

    def removals(self):
        self.holdfast("rm", "hf://cup/nothing", code=3)
        self.holdfast("rm", "hf://cup/moved/", code=2)
        said = self.holdfast("rm", "-r", "-n", "hf://cup/moved/")
        expect(said.count("would remove") == 6, said)
        expect(len(self.keys("hf://cup/moved/")) == 6, "a dry run removed something")
        expect("rm -r" in self.holdfast("rm", "hf://cup/moved", code=2), "no remedy")
        expect("-r" in self.holdfast("mv", "hf://cup/moved", "hf://cup/on", code=2), "no remedy")
        self.holdfast("rm", "-r", "hf://cup/moved")
        expect(self.keys("hf://cup/moved/") == [], "not removed")

    def whole_bucket_is_asked_for(self):
        """Without a terminal nobody can be asked; then only -y is a yes."""
        self.holdfast("bucket", "create", "whole")
        for key in ("a", "b/c"):
            self.holdfast("cp", "-", f"hf://whole/{key}", text="x")
        for places in (["hf://whole"], ["whole"], ["hf://whole/"], ["hf://whole/b/", "hf://whole"]):
            said = self.holdfast("rm", "-r", *places, code=4)
            expect("-y" in said and "whole" in said, said)
            expect(self.keys("whole") == ["a", "b/c"], f"{places} removed something")
        with Terminal("rm", "-r", "hf://whole", "--data", self.server.folder) as terminal:
            terminal.wait_for("[y/N]")
            terminal.type("n\n")
            expect(terminal.end() == 4, "a no is taken for a yes")
        expect(self.keys("whole") == ["a", "b/c"], "removed in spite of a no")
        expect(self.holdfast("rm", "-r", "-n", "hf://whole").count("would remove") == 2, "dry run")
        self.holdfast("rm", "-r", "-y", "hf://whole")
        expect(self.keys("whole") == [], "not removed")

    def sync_up(self):
        self.holdfast("bucket", "create", "syn")
        self.holdfast("sync", self.tree, "hf://syn/t")
        again = self.holdfast("sync", self.tree, "hf://syn/t")
        expect("0 files" in again and "6 already the same" in again, again)
        write(self.tree / "a.txt", b"other")  # As long as before.
        os.utime(self.tree / "a.txt", ns=(0, 1_600_000_000_123_456_789))
        dry = self.holdfast("sync", "-n", self.tree, "hf://syn/t")
        expect(dry.count("would upload") == 1 and "a.txt" in dry, dry)
        expect("Uploaded 1 file " in self.holdfast("sync", self.tree, "hf://syn/t"), "not one")
        expect(self.holdfast("cat", "hf://syn/t/a.txt") == "other", "the old content is there")

    def sync_down(self):
        back = self.base / "synced"
        self.holdfast("sync", "hf://syn/t", back)
        expect(tree_of(back) == tree_of(self.tree), "another tree came back")
        for path in self.tree.rglob("*"):
            if path.is_file():
                other = back / path.relative_to(self.tree)
                expect(path.stat().st_mtime_ns == other.stat().st_mtime_ns, f"time of {other}")
        expect("6 already the same" in self.holdfast("sync", "hf://syn/t", back), "moved again")
        write(self.base / "in-the-way/deep", b"a file where a folder goes")
        said = self.holdfast("sync", "hf://syn/t", self.base / "in-the-way", code=6)
        expect("there is a file of that name" in said, said)
        write(back / "extra/one", b"x")
        self.holdfast("sync", "hf://syn/t", back)
        expect((back / "extra/one").exists(), "removed without being told to")
        self.holdfast("sync", "--delete", "hf://syn/t", back)
        expect(not (back / "extra").exists(), "what the source does not have is left")
        expect(tree_of(back) == tree_of(self.tree), "too much was removed")

    def sync_deletes(self):
        (self.tree / "deep/c").unlink()
        self.holdfast("sync", self.tree, "hf://syn/t")
        expect("t/deep/c" in self.keys("syn"), "removed without being told to")
        expect("1 removed" in self.holdfast("sync", "--delete", self.tree, "hf://syn/t"), "not told")
        expect("t/deep/c" not in self.keys("syn"), "not removed")

    def sync_takes_no_folder_for_an_empty_one(self):
        back = self.base / "synced"
        before = tree_of(back)
        self.holdfast("sync", "--delete", "hf://syn/mistyped", back, code=3)
        expect(tree_of(back) == before, "a mistyped source emptied the target")

    def sync_checks_contents(self):
        path = self.tree / "größe.jpg"
        facts = path.stat()
        content = bytearray(path.read_bytes())
        content[0] ^= 1
        path.write_bytes(content)
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        expect("Uploaded 0 files" in self.holdfast("sync", self.tree, "hf://syn/t"), "by time")
        said = self.holdfast("sync", "--checksum", self.tree, "hf://syn/t")
        expect("Uploaded 1 file" in said and "4 already the same" in said, said)

    def odd_names(self):
        odd = self.base / "odd"
        write(odd / "fine", b"1")
        bad = os.fsencode(odd) + b"/bad-\xff"
        with open(bad, "wb") as file:
            file.write(b"2")
        os.symlink("fine", odd / "link")
        said = self.holdfast("sync", odd, "hf://syn/odd", code=6)
        expect("UTF-8" in said and "symbolic link" in said, said)
        expect(self.keys("hf://syn/odd/") == ["odd/fine"], "other keys")
        os.unlink(bad)
        self.holdfast("sync", "--follow-links", odd, "hf://syn/odd")
        expect(self.keys("hf://syn/odd/") == ["odd/fine", "odd/link"], "the link was not followed")

    def keys_that_are_no_paths(self):
        for key in ("up/../../escaped", "up//twice", "up/fine"):
            self.holdfast("cp", "-", f"hf://syn/{key}", text="x")
        target = self.base / "paths/below"
        self.holdfast("sync", "hf://syn/up", target, code=6)
        expect(tree_of(self.base / "paths") == {"below/fine": b"x"},
               f"{tree_of(self.base / 'paths')}")
        self.holdfast("cp", "-r", "hf://syn/up/", self.base / "paths/below", code=6)
        expect(not (self.base / "escaped").exists() and not (self.base / "paths/escaped").exists(),
               "a key left the folder")

    def keys_of_folders(self):
        """S3 allows an object to be called as a folder is: it can be read, moved and removed."""
        ours = s3.Client(self.server.endpoint, self.server.access_key, self.server.secret_key)
        self.holdfast("bucket", "create", "slash")
        ours.put("slash", "a/", b"content")
        ours.put("slash", "a/below", b"below")
        ours.put("slash", "mark/", b"")
        expect(self.holdfast("cat", "hf://slash/a/") == "content", "another content")
        self.holdfast("cat", "hf://slash/none/", code=2)
        self.holdfast("cat", "hf://slash/", code=2)
        self.holdfast("mv", "hf://slash/mark/", "hf://slash/other", code=2)
        self.holdfast("mv", "hf://slash/a/", "hf://slash/to/")
        expect(self.keys("slash") == ["a/below", "mark/", "to/a/"], f"{self.keys('slash')}")
        self.holdfast("mv", "hf://slash/to/a/", "hf://slash/to/")  # Where it is already.
        self.holdfast("mv", "hf://slash/to/a/", "hf://slash/plain")
        expect(self.holdfast("cat", "hf://slash/plain") == "content", "another content moved")
        ours.put("slash", "a/", b"again")
        self.holdfast("cp", "hf://slash/a/", self.base / "slashed")
        expect((self.base / "slashed").read_bytes() == b"again", "another content came")
        self.holdfast("rm", "hf://slash/a/")
        expect(self.keys("slash") == ["a/below", "mark/", "plain"], f"{self.keys('slash')}")
        self.holdfast("rm", "hf://slash/a/", code=2)
        ours.put("slash", "a/", b"")
        self.holdfast("mv", "-r", "hf://slash/a", "hf://slash/b")
        expect(self.keys("slash") == ["b/", "b/below", "mark/", "plain"], f"{self.keys('slash')}")
        self.holdfast("rm", "hf://slash/", code=2)

    def special_files(self):
        """A pipe is read to its end and written to, and never replaced by a file."""
        self.holdfast("bucket", "create", "special")
        pipe = self.base / "pipe"
        os.mkfifo(pipe)
        text = "through a pipe\n" * 50_000
        with subprocess.Popen(["sh", "-c", f"cat > '{pipe}'"], stdin=subprocess.PIPE) as writer:
            copying = subprocess.Popen([BINARY, "cp", pipe, "hf://special/x", "--data",
                                        self.server.folder], env=clean_environment())
            writer.communicate(text.encode())
            expect(copying.wait(SECONDS_MAX) == 0, "a pipe is not read")
        expect(self.holdfast("cat", "hf://special/x") == text, "something else was stored")
        read = self.base / "read-from-pipe"
        with subprocess.Popen(["sh", "-c", f"cat '{pipe}' > '{read}'"]):
            self.holdfast("cp", "hf://special/x", pipe)
        expect(read.read_text() == text, "something else came")
        expect(stat.S_ISFIFO(pipe.stat().st_mode), "the pipe was replaced")
        self.holdfast("cp", pipe, "hf://special/", code=2)
        self.holdfast("cp", "-n", pipe, "hf://special/y")
        self.holdfast("cp", "-n", "-", "hf://special/y", text="x")
        expect(self.keys("special") == ["x"], "a dry run stored something")
        down = self.base / "special"
        down.mkdir()
        os.mkfifo(down / "x")
        said = self.holdfast("sync", "hf://special", down, code=2)
        expect("neither a file nor a folder" in said, said)
        expect(stat.S_ISFIFO((down / "x").stat().st_mode), "the pipe was replaced")
        self.holdfast("cp", "/proc/self/cmdline", "hf://special/")
        expect("special" in self.holdfast("cat", "hf://special/cmdline"), "taken to be empty")

    def names_like_options(self):
        self.holdfast("bucket", "create", "dash")
        write(self.base / "dashes/-r", b"dash")
        done = subprocess.run([BINARY, "cp", "--data", self.server.folder, "--", "-r", "hf://dash/"],
                              cwd=self.base / "dashes", env=clean_environment(), timeout=SECONDS_MAX)
        expect(done.returncode == 0, "a file cannot be called -r")
        expect(self.holdfast("cat", "hf://dash/-r") == "dash", "another content")

    def several_at_once(self):
        """What is wrong with one of several does not keep the others from being done."""
        self.holdfast("bucket", "create", "some-one", "BAD", "some-two", code=6)
        for key in ("a", "b"):
            self.holdfast("cp", "-", f"hf://some-one/{key}", text=key)
        done = subprocess.run([BINARY, "cat", "some-one/none", "some-one/a", "some-one/b", "--data",
                               self.server.folder], capture_output=True, text=True,
                              env=clean_environment(), timeout=SECONDS_MAX)
        expect(done.returncode == 6 and done.stdout == "ab" and "none" in done.stderr, f"{done}")
        said = self.holdfast("rm", "some-one/none", "some-one/a", "some-one/b", code=6)
        expect("some-one/none" in said and self.keys("some-one") == [], said)
        self.holdfast("rm", "some-one/a", "some-one/b", code=3)
        self.holdfast("bucket", "remove", "none", "some-one", "some-two", code=6)
        expect("There is no bucket" in self.holdfast("ls", "some-two", code=3), "not removed")

    def folders_over_folders(self):
        """What stands for a folder stands for what it becomes; nothing is lost where both meet."""
        ours = s3.Client(self.server.endpoint, self.server.access_key, self.server.secret_key)
        self.holdfast("bucket", "create", "meet")

        def have(*keys):
            expect(self.keys("meet") == sorted(keys), f"{self.keys('meet')}")

        ours.put("meet", "a/", b"")
        ours.put("meet", "a/x", b"x")
        self.holdfast("cp", "-r", "hf://meet/a/", "hf://meet/")
        have("a/", "a/x", "x")
        told = self.holdfast("mv", "-r", "-n", "hf://meet/a/", "hf://meet/")
        expect("would remove hf://meet/a/\n" in told, told)
        have("a/", "a/x", "x")
        self.holdfast("mv", "-r", "hf://meet/a/", "hf://meet/")
        have("x")
        ours.put("meet", "a/", b"content")
        said = self.holdfast("mv", "-r", "hf://meet/a/", "hf://meet", code=2)
        expect("Left out a/" in said and "7 bytes" in said, said)
        have("a/", "x")
        ours.put("meet", "a/", b"")
        ours.put("meet", "a/y", b"outer")
        ours.put("meet", "a/a/y", b"inner")
        said = self.holdfast("mv", "-r", "hf://meet/a/", "hf://meet/", code=6)
        expect("Left out a/a/y" in said, said)
        have("a/", "a/a/y", "x", "y")
        expect(self.holdfast("cat", "hf://meet/y") == "outer", "another content")
        for words in (("cp", "-r", "hf://meet", "hf://meet/in/"),
                      ("mv", "-r", "hf://meet/a", "hf://meet/a/b/")):
            expect("into itself" in self.holdfast(*words, code=2), f"{words}")
        said = self.holdfast("mv", "-r", "hf://meet/a", "hf://meet", code=2)
        expect("there already" in said, said)
        have("a/", "a/a/y", "x", "y")

    def interrupted(self):
        """What a download has written so far goes with it; what a dead one left goes with the next."""
        large = self.base / "large"
        write(large / "one.bin", self.draw.randbytes(200 * MB))
        self.holdfast("sync", "-q", large, "hf://syn/large")
        target = self.base / "interrupted"
        target.mkdir()

        def end_by(number, *words):
            words = words or ("sync", "hf://syn/large", target)
            before = set(target.iterdir())
            process = subprocess.Popen([BINARY, *words, "--data", self.server.folder],
                                       env=clean_environment(), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            while set(target.iterdir()) <= before and process.poll() is None:
                time.sleep(0.001)
            process.send_signal(number)
            expect(process.wait(SECONDS_MAX) == -number, f"{number} ended it otherwise")
            return [path.name for path in set(target.iterdir()) - before]

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            left = end_by(number)
            expect(not left, f"{number} leaves {left}")
        left = end_by(signal.SIGKILL)
        expect(len(left) == 1 and left[0].endswith(".part"), f"{left}")
        alive = target / f".holdfast-{os.getpid()}-1.part"
        alive.write_bytes(b"being written")
        self.holdfast("sync", "-n", "hf://syn/large", target)
        expect((target / left[0]).exists(), "a dry run removed something")
        self.holdfast("sync", "hf://syn/large", target)
        expect(sorted(path.name for path in target.iterdir()) == [alive.name, "one.bin"],
               f"{list(target.iterdir())}")
        (target / "one.bin").unlink()
        words = ("cp", "hf://syn/large/one.bin", target)
        left = end_by(signal.SIGKILL, *words)
        expect(len(left) == 1, f"{left}")
        self.holdfast("cp", "-n", *words[1:])
        expect((target / left[0]).exists(), "a dry run removed something")
        self.holdfast(*words)
        expect(sorted(path.name for path in target.iterdir()) == [alive.name, "one.bin"],
               f"{list(target.iterdir())}")
        self.holdfast("rm", "-r", "hf://syn/large/")

    def wrong_sides(self):
        self.holdfast("sync", self.tree, self.base / "x", code=2)
        self.holdfast("sync", "hf://syn/t", "hf://syn/u", code=2)
        self.holdfast("sync", self.base / "nothing", "hf://syn/t", code=3)
        self.holdfast("sync", self.tree / "a.txt", "hf://syn/t", code=2)

    def progress(self):
        write(self.tree / "large.bin", self.draw.randbytes(200 * MB))
        with Terminal("cp", self.tree / "large.bin", "hf://syn/", "--data",
                      self.server.folder) as terminal:
            expect(terminal.end() == 0, f"{terminal.shown}")
            text = terminal.shown.decode()
            expect("of 200 MiB" in text and "/s" in text and "left" in text, f"{text!r}")
        quiet = self.holdfast("cp", self.tree / "large.bin", "hf://syn/")
        expect(quiet == "", f"progress without a terminal: {quiet}")
        (self.tree / "large.bin").unlink()


def tests(server, base):
    copying = Copying(server, base)
    return [("cp of single files", copying.single_files),
            ("cp from and to pipes, cat", copying.pipes),
            ("cp of folders", copying.folders),
            ("mv", copying.moves),
            ("rm", copying.removals),
            ("rm of a whole bucket is asked for", copying.whole_bucket_is_asked_for),
            ("sync there moves what changed", copying.sync_up),
            ("sync back keeps times", copying.sync_down),
            ("sync removes when told to", copying.sync_deletes),
            ("sync from nothing removes nothing", copying.sync_takes_no_folder_for_an_empty_one),
            ("sync compares contents when told to", copying.sync_checks_contents),
            ("names that cannot be keys, and links", copying.odd_names),
            ("keys that cannot be names", copying.keys_that_are_no_paths),
            ("objects that are called as folders", copying.keys_of_folders),
            ("pipes that have names", copying.special_files),
            ("names like options", copying.names_like_options),
            ("several things at once", copying.several_at_once),
            ("folders that become each other", copying.folders_over_folders),
            ("an interrupted download leaves nothing", copying.interrupted),
            ("sync of the wrong things", copying.wrong_sides),
            ("progress on a terminal", copying.progress)]
