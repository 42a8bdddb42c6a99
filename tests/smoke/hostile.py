"""What should not come over S3, and comes: each time the right error, nothing stored, and the next
request served."""

import base64
import contextlib
import datetime
import hashlib
import os
import random
import socket
import time

import s3
from commands import expect_refused
from report import expect

BUCKET = "hostile"
SLOW_CONNECTIONS = 200
STALLED_CONNECTIONS = 8
STALL_SECONDS_MAX = 30  # After which the server gives a body up that does not go on,
STALL_SLACK_SECONDS = 5  # and some seconds in which it does so.
MUTATIONS = 300
UNSIGNED_CHUNKS = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"


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
        self.descriptors = self.count_descriptors()
        self.stalled = [self.begin_put("stalled", 100_000, b"x" * 1000)
                        for _ in range(STALLED_CONNECTIONS)]
        self.stalled_since = time.monotonic()

    # --- Requests as no client would send them.

    def head(self, key, headers, body, **signing):
        """The head of a PUT, signed for that body."""
        found, target = self.s3.signed("PUT", f"/{BUCKET}/{key}", {}, headers, body, **signing)
        lines = "".join(f"{name}: {value}\r\n" for name, value in found.items())
        return f"PUT {target} HTTP/1.1\r\n{lines}\r\n".encode()

    def begin_put(self, key, size, beginning):
        """A connection on which only the beginning of a body was sent."""
        connection = socket.create_connection(self.address, timeout=60)
        connection.sendall(self.head(key, {}, b"x" * size) + beginning)
        return connection

    def raw(self, *pieces, ends=True):
        """Status and code of what is answered to these bytes; 0 if the connection is just closed."""
        with socket.create_connection(self.address, timeout=20) as connection:
            with contextlib.suppress(ConnectionError):
                for piece in pieces:
                    connection.sendall(piece)
                if ends:
                    connection.shutdown(socket.SHUT_WR)
            return read_answer(connection)

    def refuses(self, what, expected, *pieces):
        """`expected` is (status, code); a connection that is closed without a word will do where the
        client has not kept to its own words."""
        found = self.raw(*pieces)
        expect(found == expected, f"{what}: {found} instead of {expected}")
        self.expect_untouched()

    def put_chunks(self, text, decoded, payload=UNSIGNED_CHUNKS, **headers):
        """The pieces of a PUT whose body is in chunks, `text` as it is."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers |= {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(decoded)}
        body = text.encode()
        return self.head("chunks", headers, body, payload=payload), body

    def count_descriptors(self):
        return len(os.listdir(f"/proc/{self.server.process.pid}/fd"))

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
        # NUL, a byte that no UTF-8 has, an overlong '/', a surrogate, and what lies beyond Unicode.
        for key in ("a%00b", "a%FFb", "a%C0%AFb", "a%ED%A0%80b", "a%F4%90%80%80b", "a%C3"):
            for method in ("PUT", "GET", "DELETE"):
                self.ask(method, f"/{BUCKET}/{key}", 400)
        self.ask("GET", f"/{BUCKET}/a%zzb", 400, "InvalidURI")
        for bucket in ("..", ".hidden", "UPPER", "a_b", "a%00b", "192.168.0.1", "ab"):
            self.ask("PUT", f"/{bucket}/", 400)
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

    def times(self):
        """Requests that were signed too long ago, or too early."""
        now = datetime.datetime.now(datetime.timezone.utc)
        for minutes in (-16, 16, -60 * 24 * 400):
            head = self.head("x", {}, b"x", now=now + datetime.timedelta(minutes=minutes))
            self.refuses(f"signed {minutes} minutes from now", (403, "RequestTimeTooSkewed"), head,
                         b"x")

    def cut_short(self):
        """The client goes away in the middle of a body, at once or with a word."""
        for beginning in (b"", b"x", b"x" * 50_000, b"x" * 99_999):
            self.begin_put("half", 100_000, beginning).close()
        head = self.head("half", {}, b"x" * 100_000)
        found = self.raw(head, b"x" * 50_000)
        expect(found in ((400, "IncompleteBody"), (0, "")), f"half a body: {found}")
        time.sleep(0.2)
        self.expect_untouched()

    def too_long(self):
        """What follows a body is a request of its own, and here it is none."""
        head = self.head("long", {"x-amz-meta-a": "b"}, b"x")
        with socket.create_connection(self.address, timeout=20) as connection:
            connection.sendall(head + b"x" + b"y" * 100)
            expect(read_answer(connection) == (200, ""), "the body itself was refused")
        expect(self.s3.get(BUCKET, "long") == b"x", "what follows was stored too")
        self.s3.delete(BUCKET, "long")
        wrong = self.head("x", {}, b"x")
        self.refuses("another body than was signed", (400, "XAmzContentSHA256Mismatch"), wrong, b"y")

    def chunks(self):
        """Bodies in chunks that are not what they say they are."""
        short, mismatch = (400, "IncompleteBody"), (403, "SignatureDoesNotMatch")
        for what, expected, pieces in (
                ("more than announced", short, self.put_chunks("5\r\nhello\r\n0\r\n\r\n", 4)),
                ("less than announced", short, self.put_chunks("5\r\nhello\r\n0\r\n\r\n", 6)),
                ("no last chunk", short, self.put_chunks("5\r\nhello\r\n", 5)),
                ("bytes behind the end", short, self.put_chunks("5\r\nhello\r\n0\r\n\r\nmore", 5)),
                ("no size", short, self.put_chunks("hello", 5)),
                ("a size beyond all sizes", short, self.put_chunks("f" * 17 + "\r\nhello", 5)),
                ("an endless line", short, self.put_chunks("0" * 100_000, 5)),
                ("no length", (411, "MissingContentLength"), self.put_chunks("0\r\n\r\n", "")),
                ("another trailer", (400, "MalformedTrailerError"),
                 self.put_chunks("5\r\nhello\r\n0\r\nx-amz-checksum-sha1:eA==\r\n\r\n", 5,
                                 x_amz_trailer="x-amz-checksum-crc32")),
                ("a wrong checksum behind it", (400, "BadDigest"),
                 self.put_chunks("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", 5,
                                 x_amz_trailer="x-amz-checksum-crc32")),
                ("a wrong signature of a chunk", mismatch,
                 self.put_chunks(f"5;chunk-signature={'0' * 64}\r\nhello\r\n"
                                 f"0;chunk-signature={'0' * 64}\r\n\r\n", 5, SIGNED_CHUNKS)),
                ("no signature of a chunk", short,
                 self.put_chunks("5\r\nhello\r\n0\r\n\r\n", 5, SIGNED_CHUNKS))):
            self.refuses(what, expected, *pieces)

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

    def mutations(self):
        """Requests that are nearly right: some bytes of a head are others, or gone, or there twice.
        Whoever sends them does not know the secret."""
        draw = random.Random(4)
        stranger = Hostile(self.server)
        stranger.s3 = s3.Client(self.server.endpoint, self.server.access_key, "not the secret")
        head = stranger.head("mutant", {"content-md5": md5_of(b"x"), "x-amz-meta-a": "b"}, b"x")
        for number in range(MUTATIONS):
            mutant = bytearray(head)
            for _ in range(draw.randint(1, 4)):
                at = draw.randrange(len(mutant))
                piece = draw.choice((draw.randbytes(1), b"", mutant[at:at + 1] * 2, b"\r\n", b"%"))
                mutant[at:at + 1] = piece
            status, code = self.raw(bytes(mutant), b"x")
            expect(status == 0 or 400 <= status < 500 or status in (501, 505),
                   f"mutation {number}, {bytes(mutant)}: {status} {code}")
        self.expect_untouched()

    def slow(self):
        """Two hundred who begin a head or a body and do not go on, and one who wants something."""
        connections = []
        try:
            for number in range(SLOW_CONNECTIONS):
                if number % 2:
                    connections.append(self.begin_put(f"slow-{number}", 1_000_000, b"x" * number))
                else:
                    connections.append(socket.create_connection(self.address))
                    connections[-1].sendall(b"GET / HTTP/1.1\r\nHost:")
            begun = time.monotonic()
            self.expect_untouched()
            for connection in connections[1::2]:
                connection.sendall(b"x")
            self.expect_untouched()
            expect(time.monotonic() - begun < 5, "the others' slowness shows")
        finally:
            for connection in connections:
                connection.close()

    def stall(self):
        """Bodies that were begun in the beginning, and never went on."""
        for connection in self.stalled:
            left = self.stalled_since + STALL_SECONDS_MAX + STALL_SLACK_SECONDS - time.monotonic()
            connection.settimeout(max(1, left))
            with connection:
                found = read_answer(connection)
            expect(found in ((400, "RequestTimeout"), (0, "")), f"a stalled body: {found}")
        self.expect_untouched()
        return f"given up after {time.monotonic() - self.stalled_since:.0f} s"

    def nothing_leaks(self):
        """All that was refused has let go of its connections."""
        until = time.monotonic() + 15
        while self.count_descriptors() > self.descriptors + 4 and time.monotonic() < until:
            time.sleep(0.1)
        found = self.count_descriptors()
        expect(found <= self.descriptors + 4, f"{found} descriptors; {self.descriptors} before")

    def expect_untouched(self):
        found = [(key, size) for key, size, _ in self.s3.list(BUCKET)]
        expect(found == [("good", 10)], f"the bucket has {found}")
        expect(self.s3.get(BUCKET, "good") == b"0123456789", "the good object has changed")


def md5_of(body):
    return base64.b64encode(hashlib.md5(body).digest()).decode()


def read_answer(connection):
    """Status and S3's code of the next answer on it; (0, "") if it ends without one."""
    text = b""
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65536):
            text += piece
            head, found, body = text.partition(b"\r\n\r\n")
            if found and b"HTTP/1.1 100" not in head and len(body) >= length_of(head):
                break
    if not text.startswith(b"HTTP/1."):
        return 0, ""
    code = text.partition(b"<Code>")[2].partition(b"</Code>")[0].decode()
    return int(text.split()[1]), code


def length_of(head):
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


def tests(server, _):
    hostile = Hostile(server)
    return [("S3: a bucket and an object", hostile.prepare),
            ("S3: wrong signatures", hostile.signatures),
            ("S3: what is not served touches nothing", hostile.meanings),
            ("S3: ranges", hostile.ranges),
            ("S3: names are bytes", hostile.names),
            ("S3: wrong checksums", hostile.checksums),
            ("S3: bad XML", hostile.xml),
            ("S3: signed at another time", hostile.times),
            ("S3: a body cut short", hostile.cut_short),
            ("S3: a body too long, or another", hostile.too_long),
            ("S3: bodies in chunks that lie", hostile.chunks),
            ("S3: noise on the port", hostile.noise),
            (f"S3: {MUTATIONS} requests nearly right", hostile.mutations),
            (f"S3: {SLOW_CONNECTIONS} slow connections", hostile.slow),
            ("S3: bodies that stall", hostile.stall),
            ("S3: nothing leaks", hostile.nothing_leaks)]
