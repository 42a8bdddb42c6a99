"""What people type."""

import json
import random
import subprocess

import s3
import tree
from report import expect
from server import BINARY, clean_environment

MB = 1 << 20


class Commands:
    def __init__(self, server, base):
        self.server = server
        self.folder = base / "papers"
        self.back = base / "papers-back"
        draw = random.Random(1)
        words = [draw.randbytes(4).hex() for _ in range(500)]
        for number in range(40):
            text = " ".join(draw.choices(words, k=2000 * (1 + number % 4)))
            tree.write(self.folder / f"year/{number % 5}/letter {number}.txt", text.encode())
        tree.write(self.folder / "noise.bin", draw.randbytes(9 * MB))
        tree.write(self.folder / "empty", b"")

    def run(self, *arguments, code=0):
        run = self.server.holdfast(*arguments, timeout=120)
        expect(run.returncode == code, f"`holdfast {' '.join(map(str, arguments))}` ended with "
               f"{run.returncode} instead of {code}: {run.stdout[-300:]}{run.stderr[-600:]}")
        return run.stdout if code == 0 else run.stderr

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "--json"))

    def status(self):
        status = self.json("status")
        expect(status["state"] == "ready", f"the state is {status['state']}")
        expect(status["s3"] == self.server.endpoint, f"S3 is said to be at {status['s3']}")
        expect("ready" in self.run("status"), "the text does not say that it is ready")
        for path in ("/healthz", "/readyz"):
            expect(self.server.ask(path)[0] == 200, f"{path} does not answer 200")
        code, metrics = self.server.ask("/metrics")
        expect(code == 200 and metrics.endswith(b"# EOF\n"), "/metrics is no OpenMetrics text")
        expect(b"holdfast_" in metrics, "/metrics tells nothing of ours")

    def sync(self):
        self.run("bucket", "create", "papers")
        self.run("sync", self.folder, "hf://papers/all")
        again = self.run("sync", self.folder, "hf://papers/all")
        expect(f"{len(tree.files(self.folder))} already the same" in again,
               f"the second sync says: {again}")
        self.run("sync", "hf://papers/all", self.back)
        return f"{tree.expect_same(self.folder, self.back)} files"

    def look(self):
        shown = self.run("ls", "hf://papers/all/")
        expect("year/" in shown and "noise.bin" in shown, f"ls shows {shown}")
        name = "year/3/letter 3.txt"
        expect(self.run("cat", f"hf://papers/all/{name}") == (self.folder / name).read_text(),
               "cat shows something else")
        self.run("cat", "hf://papers/nothing", code=3)
        self.run("ls", "hf://nobucket/", code=3)

    def copy_move_remove(self):
        self.run("cp", self.folder / "noise.bin", "hf://papers/one")
        self.run("cp", "hf://papers/one", "hf://papers/two")
        self.run("mv", "hf://papers/two", "hf://papers/three")
        target = self.back.parent / "three"
        self.run("cp", "hf://papers/three", target)
        expect(target.read_bytes() == (self.folder / "noise.bin").read_bytes(), "other bytes")
        self.run("cat", "hf://papers/two", code=3)
        self.run("rm", "hf://papers/one")
        self.run("rm", "hf://papers/three")
        self.run("cat", "hf://papers/three", code=3)

    def cost(self):
        before = self.json("du")
        self.run("sync", self.folder, "hf://papers/twice")
        after = self.json("du")
        logical = sum((self.folder / name).stat().st_size for name in tree.files(self.folder))
        expect(after["logical_bytes"] == before["logical_bytes"] + logical,
               f"logical bytes went from {before['logical_bytes']} to {after['logical_bytes']}")
        expect(after["unique_bytes"] == before["unique_bytes"], "the same was stored twice")
        expect(after["unique_bytes"] < after["logical_bytes"] * 0.6, "nothing was deduplicated")
        return f"{after['logical_bytes']} logical, {after['stored_bytes']} stored"

    def users(self):
        bob = self.json("user", "create", "bob")
        expect("bob" in self.run("user", "list"), "bob is not listed")
        ours = s3.Client(self.server.endpoint, self.server.access_key, self.server.secret_key)
        his = s3.Client(self.server.endpoint, bob["access_key"], bob["secret_key"])
        his.create_bucket("bobs")
        his.put("bobs", "a", b"mine")
        expect(his.buckets() == ["bobs"], f"bob sees {his.buckets()}")
        for call in (lambda: his.put("papers", "x", b""), lambda: his.get("papers", "all/empty"),
                     lambda: list(his.list("papers")), lambda: his.delete("papers", "all/empty")):
            expect_refused(call, 403, "AccessDenied")
        expect(ours.get("papers", "all/empty") == b"", "what bob may not touch was touched")
        self.run("key", "revoke", bob["access_key"])
        expect_refused(his.buckets, 403, "InvalidAccessKeyId")
        self.run("user", "remove", "bob", code=7)  # Owns a bucket.
        self.run("rm", "-r", "-y", "hf://bobs/")
        self.run("bucket", "remove", "bobs")
        self.run("user", "remove", "bob")

    def buckets(self):
        self.run("bucket", "create", "papers", code=7)
        self.run("bucket", "create", "No_Good", code=2)
        self.run("bucket", "remove", "papers", code=7)
        listed = json.dumps(self.json("bucket", "list"))
        expect("papers" in listed, f"papers is not in {listed}")

    def settings(self):
        told = self.run("config")
        expect("HOLDFAST_ACCESS_KEY" not in told or self.server.secret_key not in told,
               "config tells the secret")
        json.loads(self.run("config", "--json"))

    def secrets(self):
        log = self.server.log.read_text(errors="replace")
        expect(self.server.secret_key not in log, "the secret key is in the log")
        mode = self.server.folder.stat().st_mode & 0o777
        expect(mode == 0o700, f"the data folder's mode is {mode:o}")
        sockets = (self.server.folder / "holdfast.sock").stat().st_mode & 0o077
        expect(sockets == 0, "others may use the socket")

    def hidden(self):
        texts = tree.needles(self.folder, random.Random(2))
        return tree.expect_hidden(texts, self.server.folder, self.folder, self.folder.parent)

    def collect(self):
        self.run("rm", "-r", "-y", "hf://papers/")
        self.run("vault", "collect")
        usage = self.json("du")
        expect(usage["logical_bytes"] == 0 and usage["unique_bytes"] == 0, f"{usage} is left")
        self.run("bucket", "remove", "papers")


def expect_refused(call, status, code):
    try:
        call()
    except s3.S3Error as error:
        expect((error.status, error.code) == (status, code),
               f"refused with {error} instead of {status} {code}")
        return
    expect(False, f"not refused with {status} {code}")


def helps():
    def output(*arguments):
        run = subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=30,
                             env=clean_environment())
        expect(run.returncode == 0, f"{arguments} ended with {run.returncode}: {run.stderr}")
        expect(run.stdout.strip(), f"{arguments} says nothing")
        return run.stdout

    output("version")
    text = output("--help")
    for word in ("up", "sync", "bucket", "vault", "Exit codes"):
        expect(word in text, f"the help does not tell of {word}")
        if word.islower():
            expect("holdfast" in output(word, "--help"), f"no help for {word}")
    expect(output("man").startswith((".TH", "'\\\"", ".\\\"")), "the man page is none")
    script = output("completion", "bash")
    checked = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True)
    expect(checked.returncode == 0, f"bash does not like its completion: {checked.stderr}")
    output("completion", "zsh")
    output("completion", "fish")
    wrong = subprocess.run([BINARY, "upp"], capture_output=True, text=True,
                           env=clean_environment())
    expect(wrong.returncode == 2 and "up" in wrong.stderr, "a slip of the finger gets no hint")


def tests(server, base):
    all_of_it = Commands(server, base)
    return [("help, man page, completions, version", helps),
            ("status, health, metrics", all_of_it.status),
            ("sync there and back", all_of_it.sync),
            ("ls, cat", all_of_it.look),
            ("cp, mv, rm", all_of_it.copy_move_remove),
            ("du: the same twice costs once", all_of_it.cost),
            ("users see what is theirs", all_of_it.users),
            ("buckets that cannot be", all_of_it.buckets),
            ("config", all_of_it.settings),
            ("no name and no byte in the data folder", all_of_it.hidden),
            ("secrets stay secret", all_of_it.secrets),
            ("what is removed is collected", all_of_it.collect)]
