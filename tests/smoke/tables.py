"""The local tables are lost: the log and the copies in segments bring them back."""

import http.client
import random
import shutil
import socket

from lifecycle import client_of
from report import expect
from server import Server

OBJECTS = 300
BYTES_MAX = 40_000


def checkpoint(server):
    """Asks for one over the node's socket."""
    connection = http.client.HTTPConnection("node", timeout=120)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(server.socket_path())
    connection.request("POST", "/v1/vault/checkpoint")
    answer = connection.getresponse()
    expect(answer.status == 204, f"a checkpoint: {answer.status} {answer.read()}")
    connection.close()


class Tables:
    def __init__(self, base):
        self.base = base
        self.draw = random.Random(11)

    def store(self, client, contents, prefix):
        for number in range(OBJECTS):
            key = f"{prefix}/object-{number:04}"
            contents[key] = self.draw.randbytes(self.draw.randrange(BYTES_MAX))
            client.put("kept", key, contents[key])

    def compare(self, server, contents):
        client = client_of(server)
        listed = [key for key, _, _ in client.list("kept")]
        expect(listed == sorted(contents), f"{len(listed)} of {len(contents)} are listed")
        for key, content in contents.items():
            expect(client.get("kept", key) == content, f"{key} has other bytes")

    def lost(self):
        with Server(self.base / "tables-lost") as server:
            client = client_of(server)
            client.create_bucket("kept")
            contents = {}
            for prefix in ("a", "b", "c"):
                self.store(client, contents, prefix)
                checkpoint(server)
            self.store(client, contents, "d")  # In the log only.
            for key in list(contents)[::7]:
                client.delete("kept", key)
                del contents[key]
            server.kill()
            shutil.rmtree(server.folder / "tables")
            server.start()
            expect("built again from the checkpoint" in server.log.read_text(),
                   "the node does not say that it built its tables again")
            self.compare(server, contents)
            # What came back is as good as what was lost.
            client = client_of(server)
            self.store(client, contents, "e")
            checkpoint(server)
            server.kill()
            server.start()
            self.compare(server, contents)
        return f"back in {server.restart_seconds[1]:.2f} s without tables"

    def damaged(self):
        with Server(self.base / "tables-damaged") as server:
            client = client_of(server)
            client.create_bucket("kept")
            contents = {}
            for prefix in ("a", "b"):
                self.store(client, contents, prefix)
                checkpoint(server)
            for damage in ("missing", "overwritten"):
                server.kill()
                files = sorted((server.folder / "tables").glob("*.sst"))
                expect(files, "there is no table file")
                for path in files:
                    if damage == "missing":
                        path.unlink()
                    else:
                        path.write_bytes(self.draw.randbytes(path.stat().st_size))
                server.start()
                self.compare(server, contents)
                self.store(client_of(server), contents, damage)
                checkpoint(server)


def tests(base):
    tables = Tables(base)
    return [("tables that are lost come back", tables.lost),
            ("tables that are damaged come back", tables.damaged)]
