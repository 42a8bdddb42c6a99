"""/v1 as it is documented, spoken by hand."""

import http.client
import json
import socket

import s3
from report import expect


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("node", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self.path)


class Api:
    def __init__(self, server):
        self.server = server
        self.connection = None

    def ask(self, method, path, body=None, code=200, **headers):
        """On one connection for all, which so must stay in step."""
        self.connection = self.connection or Connection(self.server.socket_path())
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, body, named)
        answer = self.connection.getresponse()
        content = answer.read()
        expect(answer.status == code, f"{method} {path} answers {answer.status}: {content[:300]}")
        return answer, content

    def objects(self):
        self.ask("PUT", "/v1/buckets/api", json.dumps({"settings": {"etag": "blake3"}}), code=201)
        answer, content = self.ask("PUT", "/v1/objects/api/a%20b/c%2Fd", b"hello world",
                                   Content_Type="text/plain", Holdfast_Field_X_Amz_Meta_N="%C3%A4")
        stored = json.loads(content)
        expect(stored["key"] == "a b/c/d" and stored["size"] == 11, f"{stored}")
        expect(stored["etag"] == "d74981efa70a0c880b8d8c1985d075db-1", f"{stored}")
        answer, content = self.ask("GET", "/v1/objects/api/a b/c/d".replace(" ", "%20"))
        expect(content == b"hello world", f"{content}")
        expect(answer.headers["content-type"] == "text/plain", f"{answer.headers}")
        expect(answer.headers["holdfast-field-x-amz-meta-n"] == "%C3%A4", f"{answer.headers}")
        answer, content = self.ask("HEAD", "/v1/objects/api/a%20b/c/d")
        expect(answer.headers["content-length"] == "11" and content == b"", f"{answer.headers}")
        return "a connection kept its step over HEAD"

    def ranges(self):
        path = "/v1/objects/api/a%20b/c/d"
        answer, content = self.ask("GET", path, code=206, Range="bytes=6-8")
        expect(content == b"wor" and answer.headers["content-range"] == "bytes 6-8/11", f"{content}")
        expect(self.ask("GET", path, code=206, Range="bytes=-5")[1] == b"world", "the end")
        self.ask("GET", path, code=416, Range="bytes=11-")
        expect(self.ask("GET", path, Range="lines=1-2")[1] == b"hello world", "other units")

    def conditions(self):
        path = "/v1/objects/api/a%20b/c/d"
        etag = self.ask("GET", path)[0].headers["etag"]
        self.ask("GET", path, code=304, If_None_Match=etag)
        self.ask("PUT", path, b"x", code=409, If_None_Match="*")
        self.ask("PUT", path, b"x", code=409, If_Match='"other"')
        self.ask("PUT", path, b"hello again", If_Match=etag)
        self.ask("DELETE", path, code=409, If_Match=etag)
        expect(self.ask("GET", path)[1] == b"hello again", "a refused change was made")

    def pages(self):
        for number in range(25):
            self.ask("PUT", f"/v1/objects/api/p/{number % 5}/{number:02}", b"x")
        keys, after, pages = [], "", 0
        while True:
            page = json.loads(self.ask("GET", f"/v1/objects/api?prefix=p/&limit=7{after}")[1])
            keys += [row["key"] for row in page["objects"]]
            pages += 1
            if not page["is_truncated"]:
                break
            after = f"&after={page['next']}&after_is_prefix={str(page['next_is_prefix']).lower()}"
        expect(keys == sorted(keys) and len(keys) == 25 and pages == 4, f"{pages} pages: {keys}")
        page = json.loads(self.ask("GET", "/v1/objects/api?prefix=p/&delimiter=/")[1])
        expect(page["prefixes"] == [f"p/{number}/" for number in range(5)], f"{page}")

    def refusals(self):
        for method, path, code, word in (
                ("GET", "/v1/nothing", 404, "not_found"), ("GET", "/v2/status", 404, "not_found"),
                ("POST", "/v1/status", 405, "invalid"), ("GET", "/v1/objects/api/none", 404,
                                                         "not_found"),
                ("GET", "/v1/objects/nobucket/x", 404, "not_found"),
                ("DELETE", "/v1/objects/api/none", 404, "not_found"),
                ("PUT", "/v1/objects/api/", 400, "invalid"),
                ("PUT", "/v1/objects/api/%ff", 400, "invalid"),
                ("PUT", "/v1/objects/api/a%00b", 400, "invalid"),
                ("GET", "/v1/objects/api/%zz", 400, "invalid"),
                ("GET", "/v1/objects/api?limit=9999", 400, "invalid")):
            _, content = self.ask(method, path, code=code)
            refusal = json.loads(content)
            expect(refusal["code"] == word and refusal["message"], f"{method} {path}: {refusal}")
        self.ask("POST", "/v1/users", "{", code=400)
        self.ask("POST", "/v1/users", "x" * (2 << 20), code=400)
        self.connection = None  # What was not read closes the connection.

    def copies(self):
        passage = {"from_bucket": "api", "from_key": "p/0/00", "to_bucket": "api", "to_key": "copy"}
        self.ask("POST", "/v1/copy", json.dumps(passage))
        expect(self.ask("GET", "/v1/objects/api/copy")[1] == b"x", "another copy")
        self.ask("POST", "/v1/rename", json.dumps(passage | {"to_key": "moved"}), code=204)
        self.ask("GET", "/v1/objects/api/p/0/00", code=404)
        self.ask("POST", "/v1/rename", json.dumps(passage), code=404)


    def given_keys(self):
        for name in ("giver", "taker"):
            self.ask("POST", "/v1/users", json.dumps({"name": name}), code=201)
        wish = {"user": "giver", "access_key": "a-key-of-old", "secret_key": "and its secret"}
        made = json.loads(self.ask("POST", "/v1/keys", json.dumps(wish), code=201)[1])
        expect(made == wish, f"{made}")
        client = s3.Client(self.server.endpoint, wish["access_key"], wish["secret_key"])
        client.create_bucket("by-given-key")
        client.delete_bucket("by-given-key")
        self.ask("POST", "/v1/keys", json.dumps(wish | {"user": "taker"}), code=409)
        self.ask("POST", "/v1/keys", json.dumps(wish | {"secret_key": "short"}), code=400)
        self.ask("POST", "/v1/keys", json.dumps(wish | {"access_key": "a/b"}), code=400)
        self.ask("POST", "/v1/keys", json.dumps(wish | {"access_key": ""}), code=400)
        for name in ("giver", "taker"):
            self.ask("DELETE", f"/v1/users/{name}", code=204)


def tests(server, _):
    api = Api(server)
    return [("api: objects and their fields", api.objects), ("api: ranges", api.ranges),
            ("api: conditions", api.conditions), ("api: pages", api.pages),
            ("api: refusals", api.refusals), ("api: copy and rename", api.copies),
            ("api: keys that are given", api.given_keys)]
