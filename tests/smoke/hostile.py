"""What should not come over S3, and comes: each time the right error, nothing stored, and the next
request served."""

import base64
import hashlib
import random
import socket
import time

import s3
from commands import expect_refused
from report import expect

BUCKET = "hostile"
SLOW_CONNECTIONS = 200


class Hostile:
    def __init__(self, server):
        self.server = server
        host, _, port = server.endpoint.split("://")[1].rpartition(":")
        self.address = (host, int(port))
        self.s3 = s3.Client(server.endpoint, server.access_key, server.secret_key)

    def ask(self, method, path, expected, code=None, **keywords):
        answer = self.s3.request(method, path, **keywords)
        try:
            answer.checked()
            found = ""
        except s3.S3Error as error:
            found = error.code
        expect(answer.status == expected, f"{method} {path} got {answer.status} {found} "
               f"instead of {expected}")
        if code is not None:
            expect(found == code, f"{method} {path} got {found} instead of {code}")
        return answer

    def prepare(self):
        self.s3.create_bucket(BUCKET)
        self.s3.put(BUCKET, "good", b"0123456789")

    def signatures(self):
        wrong = s3.Client(self.server.endpoint, self.server.access_key, "wrong")
        unknown = s3.Client(self.server.endpoint, "nobody", "nothing")
        expect_refused(lambda: wrong.put(BUCKET, "x", b"x"), 403, "SignatureDoesNotMatch")
        expect_refused(lambda: unknown.put(BUCKET, "x", b"x"), 403, "InvalidAccessKeyId")
        self.expect_untouched()

    def meanings(self):
        """A sub-resource that is not served must not be taken for the plain verb."""
        for query in ("tagging", "acl", "retention", "legal-hold", "torrent", "encryption"):
            for method in ("PUT", "GET", "DELETE"):
                answer = self.s3.request(method, f"/{BUCKET}/good", query={query: ""}, body=b"")
                expect(method != "PUT" or answer.status >= 400, f"PUT ?{query} was accepted")
                expect(answer.body != b"0123456789", f"{method} ?{query} was taken for something else")
                self.expect_untouched()

    def ranges(self):
        path = f"/{BUCKET}/good"
        expect(self.ask("GET", path, 206, headers={"Range": "bytes=2-4"}).body == b"234", "range")
        expect(self.ask("GET", path, 206, headers={"Range": "bytes=-3"}).body == b"789", "range")
        self.ask("GET", path, 416, "InvalidRange", headers={"Range": "bytes=10-"})

    def names(self):
        """Keys are bytes: dots in them are no paths."""
        for key in ("../up", "a/../b", "./c", "/lead", "a//b", "ends/", "%2e%2e/x", "ü/日本"):
            self.s3.put(BUCKET, key, key.encode())
            expect(self.s3.get(BUCKET, key) == key.encode(), f"{key} came back as something else")
            self.s3.delete(BUCKET, key)
        self.ask("PUT", f"/{BUCKET}/a%00b", 400)
        self.ask("PUT", f"/{BUCKET}/a%FFb", 400)
        self.ask("PUT", f"/{BUCKET}/{'k' * 1025}", 400, "KeyTooLongError")
        self.expect_untouched()

    def checksums(self):
        path = f"/{BUCKET}/x"
        self.ask("PUT", path, 400, "BadDigest", body=b"x",
                 headers={"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="})
        self.ask("PUT", path, 400, "InvalidDigest", body=b"x", headers={"Content-MD5": "nonsense"})
        self.ask("PUT", path, 400, body=b"x", headers={"x-amz-checksum-crc32": "AAAAAA=="})
        self.expect_untouched()

    def xml(self):
        bomb = (b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]>'
                b"<Delete><Object><Key>&c;</Key></Object></Delete>")
        for body in (b"<Delete><Object>", b"not xml", b"<Other/>", bomb):
            self.ask("POST", f"/{BUCKET}", 400, "MalformedXML", query={"delete": ""}, body=body,
                     headers={"Content-MD5": md5_of(body)})
        self.expect_untouched()

    def cut_short(self):
        """The client goes away in the middle of a body."""
        headers, target = self.s3.signed("PUT", f"/{BUCKET}/half", {}, {}, b"x" * 100_000)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        with socket.create_connection(self.address) as connection:
            connection.sendall(f"PUT {target} HTTP/1.1\r\n{lines}\r\n".encode() + b"x" * 50_000)
        time.sleep(0.2)
        self.expect_untouched()

    def noise(self):
        draw = random.Random(3)
        for size in (1, 10, 1000, 100_000):
            with socket.create_connection(self.address, timeout=10) as connection:
                try:
                    connection.sendall(draw.randbytes(size))
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):
                        pass
                except (ConnectionError, BrokenPipeError):
                    pass
        self.expect_untouched()

    def slow(self):
        """Two hundred who begin a request and do not go on, and one who wants something."""
        connections = [socket.create_connection(self.address) for _ in range(SLOW_CONNECTIONS)]
        try:
            for connection in connections:
                connection.sendall(b"GET / HTTP/1.1\r\nHost:")
            begun = time.monotonic()
            self.expect_untouched()
            expect(time.monotonic() - begun < 5, "the others' slowness shows")
        finally:
            for connection in connections:
                connection.close()

    def expect_untouched(self):
        found = [(key, size) for key, size, _ in self.s3.list(BUCKET)]
        expect(found == [("good", 10)], f"the bucket has {found}")
        expect(self.s3.get(BUCKET, "good") == b"0123456789", "the good object has changed")


def md5_of(body):
    return base64.b64encode(hashlib.md5(body).digest()).decode()


def tests(server, _):
    hostile = Hostile(server)
    return [("S3: a bucket and an object", hostile.prepare),
            ("S3: wrong signatures", hostile.signatures),
            ("S3: what is not served touches nothing", hostile.meanings),
            ("S3: ranges", hostile.ranges),
            ("S3: names are bytes", hostile.names),
            ("S3: wrong checksums", hostile.checksums),
            ("S3: bad XML", hostile.xml),
            ("S3: a body cut short", hostile.cut_short),
            ("S3: noise on the port", hostile.noise),
            (f"S3: {SLOW_CONNECTIONS} slow connections", hostile.slow)]
