"""The functional tests of the S3 client library minio-go: one program that runs them all and writes a
JSON line for each."""

import json
import os
import pathlib
import shutil
import subprocess

import golang
from report import Skip

MODULE = "github.com/minio/minio-go/v7"
VERSION = "v7.4.1"
RUN_SECONDS_MAX = 900

# By the beginning of a test's name: not asked of this server, and why.
NOT_APPLICABLE = (
    ("testSSEC", "customer-provided keys need TLS, and are not offered"),
    ("testGetObjectS3Zip", "wants MinIO's own look into archives"),
    ("testObjectAnnotations", "wants MinIO's own annotations of objects"),
    ("testListUnsorted", "wants MinIO's own listings with metadata"),
    ("testBucketNotification", "wants a notification service set up beside the server"),
    ("testMakeBucketError", "makes buckets in a region that the server is not in"),
    ("testMakeBucketRegions", "makes buckets in a region that the server is not in"),
    ("testPutObjectPreconditionOnNonExistent",
     "wants If-None-Match with an ETag on writes, which S3 refuses"),
)
# The same by what a test says that does not pass.
NOT_ASKED = (
    ("Please use AWS4-HMAC-SHA256", "signs by version 2 of S3's signatures, which S3 has given up"),
)

# By what is in a test's name: what it wants that is not there yet.
WANTED = (
    ("ListMultipartUpload", "object lock"),
    ("testRemoveMultipleObjects", "object lock"),
    ("testRemoveObjects", "object lock"),
    ("testGetObjectAttributes", "versions"),
    ("testListObjectsChecksums", "versions"),
    ("Version", "versions"),
    ("Tagging", "tags"),
    ("Cors", "cross-origin rules"),
    ("SSES3", "encryption by request"),
    ("StorageClass", "storage classes"),
    ("testListObjects", "storage classes"),
    ("ACL", "access control lists"),
    ("PresignedPostPolicy", "uploads by HTML forms"),
    ("testFunctional", "bucket policies"),
)


def install():
    """Builds the tests from a copy of the module, without the mark that keeps them out of builds."""
    program = golang.cache() / f"minio-go-functional@{VERSION}"
    if program.exists():
        return program
    source = golang.download(MODULE, VERSION)
    work = golang.cache() / f"minio-go@{VERSION}"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(source, work)
    for folder in [work, *(path for path in work.rglob("*") if path.is_dir())]:
        folder.chmod(0o755)
    for name in ("go.mod", "go.sum"):
        (work / name).chmod(0o644)
    lines = (work / "functional_tests.go").read_text().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(("//go:build mint", "// +build mint"))]
    # A folder holds one package, and the library lies beside the tests.
    (work / "functional").mkdir()
    (work / "functional/main.go").write_text("".join(kept))
    done = golang.run(["build", "-mod=mod", "-o", str(program), "./functional"], cwd=work)
    if done.returncode:
        raise Skip(f"the tests of minio-go do not build: {done.stderr.strip()[-400:]}")
    return program


def not_asked(said):
    """Why a test that said this is none of this server's, or nothing."""
    return next((reason for text, reason in NOT_ASKED if text in said), None)


def wanted(name, said):
    """Why the test does not pass yet."""
    found = next((reason for part, reason in WANTED if part in name), None)
    return f"wants {found}" if found else said.replace("\n", " ")[:160]


def why_not(name):
    for beginning, reason in NOT_APPLICABLE:
        if name.startswith(beginning):
            return reason
    return None


def run(program, server, folder: pathlib.Path):
    """For each test whether it passes, and what it said; a test passes if all its lines do."""
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith(("AWS_", "MINT_"))}
    environment |= {"SERVER_ENDPOINT": server.endpoint.split("://")[1], "ENABLE_HTTPS": "0",
                    "ACCESS_KEY": server.access_key, "SECRET_KEY": server.secret_key,
                    "MINT_MODE": "full", "RUN_ON_FAIL": "1", "TMPDIR": str(folder)}
    try:
        text = subprocess.run([program], capture_output=True, text=True, env=environment,
                              cwd=folder, stdin=subprocess.DEVNULL,
                              timeout=RUN_SECONDS_MAX).stdout
    except subprocess.TimeoutExpired as expired:
        text = (expired.stdout or b"").decode(errors="replace")
    said = {}
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        name = entry.get("name", "").removeprefix("minio-go: ").split(":")[0].strip()
        if name and entry.get("status") in ("PASS", "FAIL", "NA"):
            said.setdefault(name, []).append(complaint(entry))
    return {name: judged(complaints) for name, complaints in said.items()}


def complaint(entry):
    """What a line says that is no success; nothing of one that is. NA is what the test takes for a
    lack of the server's."""
    if entry["status"] == "PASS":
        return ""
    words = (entry.get(key, "") for key in ("message", "error", "alert"))
    return " ".join(filter(None, words)).strip() or entry["status"]


def judged(complaints):
    """Several tests run others' code under one name: those that cannot be asked do not count there."""
    asked = [text for text in complaints if not not_asked(text)] or complaints
    said = " / ".join(filter(None, asked))
    return not said, said
