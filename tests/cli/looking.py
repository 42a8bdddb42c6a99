"""Buckets, listings, users, keys: what is printed, for people and for scripts."""

import json
import subprocess

from report import expect
from server import BINARY
from shell import Shell, Terminal


class Looking:
    def __init__(self, server, base):
        self.server = server
        self.holdfast = Shell(server)
        self.base = base

    def buckets(self):
        expect("no bucket yet" in self.stderr("ls"), "an empty vault says nothing")
        expect(self.holdfast.json("bucket", "list") == [], "not an empty list")
        self.holdfast("bucket", "create", "alpha", "beta")
        rows = self.holdfast.json("ls")
        expect([row["name"] for row in rows] == ["alpha", "beta"], f"{rows}")
        expect(rows[0]["owner"] == "admin", f"{rows[0]}")
        self.holdfast("bucket", "create", "alpha", code=7)
        self.holdfast("bucket", "remove", "gamma", code=3)
        self.holdfast("bucket", "remove", "beta")

    def stderr(self, *arguments):
        done = subprocess.run([BINARY, *arguments, "--data", self.server.folder], text=True,
                              capture_output=True)
        expect(done.returncode == 0, f"{done}")
        return done.stderr

    def listings(self):
        for name in ("a.txt", "dir/b.txt", "dir/deep/c.txt", "dir.txt", "größe/ä.txt"):
            self.holdfast("cp", "-", f"hf://alpha/{name}", text=f"this is {name}")
        top = self.holdfast.json("ls", "alpha")
        names = [row.get("key") or row["prefix"] for row in top]
        expect(names == ["a.txt", "dir.txt", "dir/", "größe/"], f"{names}")
        below = [row["key"] for row in self.holdfast.json("ls", "-r", "hf://alpha/dir")]
        expect(below == ["dir/b.txt", "dir/deep/c.txt"], f"{below}")
        text = self.holdfast("ls", "hf://alpha/dir/b.txt")
        expect("17 B" in text and text.rstrip().endswith("dir/b.txt"), f"{text}")
        expect("                 -" not in text, text)
        self.holdfast("ls", "hf://alpha/nothing", code=3)
        self.holdfast("ls", "hf://nobucket", code=3)
        self.holdfast("ls", "hf://", code=2)

    def control_characters(self):
        """A terminal is not moved by what a key is; pipes and JSON have the key itself."""
        self.holdfast("bucket", "create", "ctl")
        key = "a\x1b[2J\nb\x9bc"
        self.holdfast("cp", "-", f"hf://ctl/{key}", text="x")
        expect(self.holdfast.json("ls", "ctl")[0]["key"] == key, "JSON has another key")
        expect(key in self.holdfast("ls", "ctl"), "a pipe gets another key")
        shown = "a\\u001b[2J\\nb\\u009bc"
        for words in (["ls", "ctl"], ["rm", "-n", f"hf://ctl/{key}"],
                      ["cp", "-v", "-q", f"hf://ctl/{key}", "hf://ctl/" + key + "2"],
                      ["cat", f"hf://ctl/none{key}"]):
            with Terminal(*words, "--data", self.server.folder) as terminal:
                terminal.end()
                text = terminal.shown
                expect(b"\x1b[2J" not in text and "\x9b".encode() not in text, f"{words}: {text!r}")
                expect(words[0] == "cat" or shown.encode() in text, f"{words}: {text!r}")

    def invisible_characters(self):
        """A name cannot pass for another by characters that turn text or show nothing."""
        key = "safe\u202egpj.exe\u200b\u2066x"
        self.holdfast("cp", "-", f"hf://ctl/{key}", text="x")
        expect(key in [row["key"] for row in self.holdfast.json("ls", "ctl")], "JSON: another key")
        expect(key in self.holdfast("ls", "ctl"), "a pipe gets another key")
        with Terminal("ls", "ctl", "--data", self.server.folder) as terminal:
            expect(terminal.end() == 0, f"{terminal.shown}")
            expect(b"safe\\u202egpj.exe\\u200b\\u2066x" in terminal.shown, f"{terminal.shown}")
        with Terminal("ls", "ctl", "--json", "--data", self.server.folder) as terminal:
            expect(terminal.end() == 0, f"{terminal.shown}")
            expect(key in [row["key"] for row in json.loads(terminal.shown)], f"{terminal.shown}")

    def long_listing(self):
        folder = self.base / "many"
        folder.mkdir()
        for number in range(2100):
            (folder / f"file-{number:04}").write_text(str(number))
        self.holdfast("sync", "-q", folder, "hf://alpha/many/")
        rows = self.holdfast.json("ls", "-r", "hf://alpha/many/")
        expect([row["key"] for row in rows] == [f"many/file-{n:04}" for n in range(2100)],
               f"{len(rows)} rows")
        usage = self.holdfast.json("du", "hf://alpha/many/")
        expect(usage[0]["objects"] == 2100, f"{usage}")
        said = self.holdfast("rm", "-r", "hf://alpha/many/")
        expect("2,100 objects" in said, said)

    def usage(self):
        usage = self.holdfast.json("du")
        expect({"logical_bytes", "unique_bytes", "stored_bytes"} <= usage.keys(), f"{usage}")
        text = self.holdfast("du")
        for word in ("logical", "unique", "stored"):
            expect(f"\n{word}" in text, f"du does not tell {word}: {text}")

    def tables_fit(self):
        name = "b" * 63
        self.holdfast("bucket", "create", name)
        with Terminal("bucket", "list", "--data", self.server.folder) as terminal:
            expect(terminal.end() == 0, f"{terminal.shown}")
            wide = [line for line in terminal.shown.decode().splitlines() if len(line) > 80]
            expect(not wide, f"too wide: {wide}")
        expect(name in self.holdfast("bucket", "list"), "names are cut without a terminal")
        self.holdfast("bucket", "remove", name)

    def users_and_keys(self):
        made = self.holdfast.json("user", "create", "ann")
        expect(made["user"] == "ann" and made["secret_key"], f"{made}")
        self.holdfast("user", "create", "ann", code=7)
        expect("No Good is no name" in self.holdfast("user", "create", "No Good", code=2),
               "another reason")
        for words in (["bucket", "list", "--owner", "nobody"],
                      ["bucket", "create", "ownerless", "--owner", "nobody"]):
            said = self.holdfast(*words, code=3)
            expect("There is no user nobody." in said, said)
        second = self.holdfast.json("key", "create", "ann")
        ids = {row["id"] for row in self.holdfast.json("key", "list", "ann")}
        expect(ids == {made["access_key"], second["access_key"]}, f"{ids}")
        expect(made["secret_key"] not in self.holdfast("key", "list"), "the secret is listed")
        self.holdfast("key", "revoke", second["access_key"])
        self.holdfast("key", "revoke", second["access_key"], code=3)
        self.holdfast("key", "create", "nobody", code=3)
        only = self.server.access_key
        said = self.holdfast("key", "revoke", only, code=4)
        expect("last access key" in said and "-y" in said, said)
        expect(only in {row["id"] for row in self.holdfast.json("key", "list")}, "revoked unasked")
        with Terminal("key", "revoke", only, "--data", self.server.folder) as terminal:
            terminal.wait_for("[y/N]")
            terminal.type("n\n")
            expect(terminal.end() == 4, "a no is taken for a yes")
        other = self.holdfast.json("key", "create", "admin")["access_key"]
        self.holdfast("key", "revoke", other)
        users = {row["name"]: row for row in self.holdfast.json("user", "list")}
        expect(users["ann"]["keys"] == 1 and users["admin"]["is_admin"], f"{users}")
        self.holdfast("user", "remove", "ann")
        self.holdfast("user", "remove", "ann", code=3)
        said = self.holdfast("user", "remove", "admin", code=7)
        expect(said.count("last administrator") == 1, said)
        made = self.holdfast.json("user", "create", "bare", "--no-key")
        expect(made["name"] == "bare" and made["keys"] == 0, f"{made}")
        self.holdfast("user", "remove", "bare")
        expect(self.holdfast.json("vault", "collect")["bytes"] >= 0, "collect tells no bytes")
        told = self.holdfast.json("version")["version"]
        expect(self.holdfast("version") == f"holdfast {told}\n", f"{told}")

    def status(self):
        status = self.holdfast.json("status")
        expect(status["state"] == "ready" and status["process"] == self.server.process.pid,
               f"{status}")
        expect(status["disks"][0]["size"] > 0, f"{status}")
        running = json.loads(self.holdfast("config", "--running", "--json"))
        data = next(row for row in running if row["name"] == "data")
        expect(data["value"] == str(self.server.folder), f"{data}")

    def words(self):
        self.holdfast("vault", "keys", "words", code=4)
        expect("--file FILE" in self.holdfast("vault", "passphrase", code=2), "no remedy")
        words = self.holdfast("vault", "keys", "words", "--yes").split()
        expect(len(words) == 24 and all(word.isalpha() for word in words), f"{len(words)} words")
        kinds = {row["kind"] for row in self.holdfast.json("vault", "keys")}
        expect(kinds == {"words", "machine"}, f"{kinds}")
        self.holdfast("vault", "lock", code=7)
        with Terminal("vault", "keys", "words", "--data", self.server.folder) as terminal:
            terminal.wait_for("[y/N]")
            terminal.type("n\n")
            expect(terminal.end() == 4, "a no is taken for a yes")
            expect(words[0].encode() not in terminal.shown, "the words were shown")


def tests(server, base):
    looking = Looking(server, base)
    return [("buckets", looking.buckets),
            ("ls, folder by folder and whole", looking.listings),
            ("control characters of keys", looking.control_characters),
            ("invisible characters of keys", looking.invisible_characters),
            ("a listing of several pages", looking.long_listing),
            ("du", looking.usage),
            ("tables fit a terminal", looking.tables_fit),
            ("users and keys", looking.users_and_keys),
            ("status and running config", looking.status),
            ("recovery words are shown to who is sure", looking.words)]
