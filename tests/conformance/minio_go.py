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
RUN_SECONDS_MAX = 1800

# By the beginning of a test's name: not asked of this server, and why.
NOT_APPLICABLE = (
    ("testSSEC", "customer-provided keys need TLS, and are not offered"),
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
    tests = work / "functional_tests.go"
    tests.chmod(0o644)
    lines = tests.read_text().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(("//go:build mint", "// +build mint"))]
    tests.write_text("".join(kept))
    (work / "go.mod").chmod(0o644)
    if (work / "go.sum").exists():
        (work / "go.sum").chmod(0o644)
    done = golang.run(["build", "-mod=mod", "-o", str(program), "functional_tests.go"], cwd=work)
    if done.returncode:
        raise Skip(f"the tests of minio-go do not build: {done.stderr.strip()[-400:]}")
    return program


# By what is in a test's name: what it wants that is not there yet.
WANTED = (
    ("Versioning", "versions"),
    ("Versioned", "versions"),
    ("Version", "versions"),
    ("Tagging", "tags"),
    ("Lock", "object lock"),
    ("Retention", "object lock"),
    ("LegalHold", "object lock"),
    ("Cors", "cross-origin rules"),
    ("Notification", "notifications"),
    ("Encryption", "encryption under keys of the client's"),
    ("Encrypted", "encryption under keys of the client's"),
    ("Select", "queries of objects"),
    ("ACL", "access control lists"),
    ("Policy", "bucket policies"),
)


def not_asked(_):
    return None


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
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    environment |= {"SERVER_ENDPOINT": server.endpoint.split("://")[1], "ENABLE_HTTPS": "0",
                    "ACCESS_KEY": server.access_key, "SECRET_KEY": server.secret_key,
                    "MINT_MODE": "full", "RUN_ON_FAIL": "1", "MINT_DATA_DIR": str(folder)}
    environment.pop("MINT_DATA_DIR")  # Without it the tests make their own data.
    try:
        text = subprocess.run([program], capture_output=True, text=True, env=environment,
                              cwd=folder, stdin=subprocess.DEVNULL,
                              timeout=RUN_SECONDS_MAX).stdout
    except subprocess.TimeoutExpired as expired:
        text = (expired.stdout or b"").decode(errors="replace")
    outcomes = {}
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        name = entry.get("name", "").removeprefix("minio-go: ").split(":")[0].strip()
        status = entry.get("status")
        if not name or status not in ("PASS", "FAIL", "NA"):
            continue
        passed, said = outcomes.get(name, (True, ""))
        if status == "FAIL" and passed:
            said = f"{entry.get('message', '')} {entry.get('error', '')}".strip()
        outcomes[name] = (passed and status != "FAIL", said)
    return outcomes
