"""How a node comes and goes: in order, twice, locked."""

import json
import subprocess
import time

import s3
from commands import expect_refused
from report import expect
from server import BINARY, Server, clean_environment

DRAIN_SECONDS_MAX = 10


def client_of(server):
    return s3.Client(server.endpoint, server.access_key, server.secret_key)


class Lifecycle:
    def __init__(self, base):
        self.base = base

    def ends_in_order(self):
        with Server(self.base / "orderly") as server:
            client = client_of(server)
            client.create_bucket("kept")
            client.put("kept", "a", b"a" * 100_000)
            begun = time.monotonic()
            code = server.stop(DRAIN_SECONDS_MAX + 5)
            expect(code == 0, f"SIGTERM ended it with {code}")
            took = time.monotonic() - begun
            server.start()
            expect(client_of(server).get("kept", "a") == b"a" * 100_000, "other bytes")
        return f"ended in {took:.2f} s, back in {server.restart_seconds[-1]:.2f} s"

    def one_at_a_time(self):
        with Server(self.base / "twice") as server:
            second = subprocess.run([BINARY, "up", "--data", server.folder, "--s3", "127.0.0.1:0"],
                                    capture_output=True, text=True, timeout=30,
                                    stdin=subprocess.DEVNULL, env=clean_environment())
            said = second.stdout + second.stderr
            expect(second.returncode != 0, "a second node runs on the same folder")
            expect(str(server.process.pid) in said, f"it does not say who holds the folder: {said}")
            expect(server.is_ready(), "the first one suffered")

    def locked_until_the_passphrase(self):
        secret = self.base / "passphrase"
        secret.write_text("correct horse battery staple\n")
        with Server(self.base / "locked") as server:
            client = client_of(server)
            client.create_bucket("kept")
            client.put("kept", "a", b"behind a lock")
            set_it = server.holdfast("vault", "passphrase", "--file", secret)
            expect(set_it.returncode == 0, set_it.stderr)
            server.stop()
            server.start_locked()
            expect_refused(lambda: client_of(server).get("kept", "a"), 503, "ServiceUnavailable")
            state = json.loads(server.holdfast("status", "--json").stdout)["state"]
            expect(state == "locked", f"the state is {state}")
            wrong = self.base / "wrong"
            wrong.write_text("incorrect\n")
            refused = server.holdfast("vault", "unlock", "--passphrase-file", wrong)
            expect(refused.returncode == 4, f"a wrong passphrase: {refused}")
            opened = server.holdfast("vault", "unlock", "--passphrase-file", secret)
            expect(opened.returncode == 0, opened.stderr)
            expect(client_of(server).get("kept", "a") == b"behind a lock", "other bytes")


    def buckets_are_hosts(self):
        with Server(self.base / "hosts", options=["--domain", "s3.test"]) as server:
            client, photos = client_of(server), client_of(server)
            client.create_bucket("photos")
            photos.host = f"photos.s3.test:{server.address.rpartition(':')[2]}"
            photos.request("PUT", "/photos/a%20b", body=b"by host").checked()
            expect(client.get("photos", "photos/a b") == b"by host", "by path it is another")
            listing = photos.request("GET", "/", query={"list-type": "2"}).checked().body
            expect(b"<Key>photos/a b</Key>" in listing, f"{listing}")
            client.host = "s3.test"
            expect(client.buckets() == ["photos"], "the domain itself is the service")
            photos.host = "other.s3.test"
            expect_refused(lambda: photos.request("GET", "/").checked(), 404, "NoSuchBucket")


def tests(base):
    lifecycle = Lifecycle(base)
    return [("SIGTERM ends it in order", lifecycle.ends_in_order),
            ("one node on one folder", lifecycle.one_at_a_time),
            ("buckets are hosts of the domain", lifecycle.buckets_are_hosts),
            ("a vault stays locked until the passphrase", lifecycle.locked_until_the_passphrase)]
