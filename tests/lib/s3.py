"""A small S3 client on nothing but Python's own library: signature version 4, path style.

For suites that must know exactly what was sent and what was answered. One object may be used by many
threads; each has its own connection, kept open between requests.
"""

import datetime
import hashlib
import hmac
import http.client
import threading
import urllib.parse
import xml.etree.ElementTree as xml

NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


class S3Error(Exception):
    """An answer that is not a success."""

    def __init__(self, status, code, message=""):
        super().__init__(f"{status} {code} {message}".strip())
        self.status = status
        self.code = code


class Response:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers  # Names in lower case.
        self.body = body

    def checked(self):
        if self.status < 300:
            return self
        code = message = ""
        try:
            tree = xml.fromstring(self.body)
            code, message = tree.findtext("Code", ""), tree.findtext("Message", "")
        except xml.ParseError:
            pass
        raise S3Error(self.status, code, message)

    @property
    def etag(self):
        return self.headers.get("etag", "").strip('"')


def quoted(text, safe="-_.~"):
    return urllib.parse.quote(text, safe=safe)


class Client:
    def __init__(self, endpoint, access_key, secret_key, region="us-east-1", timeout=30):
        self.address = urllib.parse.urlsplit(endpoint).netloc
        self.host = self.address  # Or a name that the server goes by.
        self.access_key = access_key
        self.secret_key = secret_key
        self.region = region
        self.timeout = timeout
        self.local = threading.local()

    # --- Objects and buckets. All raise S3Error, or OSError where there is no answer.

    def create_bucket(self, bucket):
        self.request("PUT", f"/{bucket}").checked()

    def delete_bucket(self, bucket):
        self.request("DELETE", f"/{bucket}").checked()

    def buckets(self):
        tree = xml.fromstring(self.request("GET", "/").checked().body)
        return [name.text for name in tree.iter(f"{NAMESPACE}Name")]

    def put(self, bucket, key, body, headers=None):
        """Stores, and returns the ETag once the server has acknowledged."""
        return self.request("PUT", path_of(bucket, key), body=body, headers=headers).checked().etag

    def get(self, bucket, key, headers=None):
        return self.request("GET", path_of(bucket, key), headers=headers).checked().body

    def head(self, bucket, key):
        return self.request("HEAD", path_of(bucket, key)).checked().headers

    def delete(self, bucket, key):
        self.request("DELETE", path_of(bucket, key)).checked()

    def list(self, bucket, prefix="", page=1000):
        """Key, size and ETag of each object, in order."""
        token = None
        while True:
            query = {"list-type": "2", "prefix": prefix, "max-keys": str(page)}
            if token:
                query["continuation-token"] = token
            tree = xml.fromstring(self.request("GET", f"/{bucket}", query=query).checked().body)
            for entry in tree.iter(f"{NAMESPACE}Contents"):
                yield (entry.findtext(f"{NAMESPACE}Key"), int(entry.findtext(f"{NAMESPACE}Size")),
                       entry.findtext(f"{NAMESPACE}ETag").strip('"'))
            if tree.findtext(f"{NAMESPACE}IsTruncated") != "true":
                return
            token = tree.findtext(f"{NAMESPACE}NextContinuationToken")

    def create_upload(self, bucket, key):
        answer = self.request("POST", path_of(bucket, key), {"uploads": ""}).checked()
        return xml.fromstring(answer.body).findtext(f"{NAMESPACE}UploadId")

    def put_part(self, bucket, key, upload, number, body):
        query = {"partNumber": str(number), "uploadId": upload}
        return self.request("PUT", path_of(bucket, key), query, body=body).checked().etag

    def complete_upload(self, bucket, key, upload, etags):
        """`etags` are those of the parts from number 1 on."""
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>&quot;{etag}&quot;</ETag></Part>"
            for number, etag in enumerate(etags, start=1))
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        answer = self.request("POST", path_of(bucket, key), {"uploadId": upload}, body=body).checked()
        tree = xml.fromstring(answer.body)
        if tree.tag.endswith("Error"):  # A success may begin before the outcome is known.
            raise S3Error(answer.status, tree.findtext("Code", ""), tree.findtext("Message", ""))

    # --- Requests. `path` is quoted already; whatever the answer, it is returned.

    def request(self, method, path, query=None, headers=None, body=b""):
        headers, target = self.signed(method, path, query or {}, headers or {}, body)
        kept = getattr(self.local, "connection", None)
        if kept is not None:
            try:
                return self.exchange(kept, method, target, headers, body)
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                # The server may close a connection that rests. Only what may be done twice is.
                if method not in ("GET", "HEAD"):
                    raise
        self.local.connection = http.client.HTTPConnection(self.address, timeout=self.timeout)
        return self.exchange(self.local.connection, method, target, headers, body)

    def exchange(self, connection, method, target, headers, body):
        try:
            connection.request(method, target, body=body or None, headers=headers)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Response(answer.status, found, answer.read())
        except BaseException:
            connection.close()
            self.local.connection = None
            raise

    def signed(self, method, path, query, headers, body, now=None, payload=None):
        """The headers with their signature, and the target of the request line. `payload` is what
        is signed in the place of the body's hash."""
        now = now or datetime.datetime.now(datetime.timezone.utc)
        now = now.strftime("%Y%m%dT%H%M%SZ")
        scope = f"{now[:8]}/{self.region}/s3/aws4_request"
        payload = payload or hashlib.sha256(body).hexdigest()
        headers = {name.lower(): value for name, value in headers.items()}
        headers |= {"host": self.host, "x-amz-date": now, "x-amz-content-sha256": payload,
                    "content-length": str(len(body))}
        names = sorted(name for name in headers if name != "content-length")
        query = "&".join(f"{quoted(name)}={quoted(query[name])}" for name in sorted(query))
        canonical = "\n".join([method, path, query,
                               *(f"{name}:{headers[name].strip()}" for name in names), "",
                               ";".join(names), payload])
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope,
                          hashlib.sha256(canonical.encode()).hexdigest()])
        key = f"AWS4{self.secret_key}".encode()
        for part in (*scope.split("/"), text):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, "
            f"SignedHeaders={';'.join(names)}, Signature={key.hex()}")
        return headers, f"{path}?{query}" if query else path


def path_of(bucket, key):
    return f"/{bucket}/{quoted(key, safe='-_.~/')}"
