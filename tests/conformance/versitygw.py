"""The integration suite that the S3 gateway versitygw carries, run test by test.

Each test is a process of its own, since one that an unfinished server confuses may end the whole
suite. Each such process counts its buckets from 1, so the tests run one after the other, and what a
test leaves is removed before the next. It compares exact codes and messages with those of Amazon S3.
"""

import os
import pathlib
import re
import shlex
import subprocess

import golang
import s3
import versitygw_admin

PACKAGE = "github.com/versity/versitygw/cmd/versitygw"
VERSION = "v1.8.0"
TEST_SECONDS_MAX = 120

# By the beginning of a test's name: not asked of this server, and why.
NOT_APPLICABLE = (
    ("IAM", "asks the suite's own identity service"),
    ("S3IAM", "asks the suite's own identity service"),
    ("GatewayIAM", "asks the suite's own identity service"),
    ("WebsiteHosting", "asks the suite's own website endpoint"),
    ("PutObject_invalid_object_names", "refuses '..' in keys, which are legal in S3"),
    ("CopyObject_invalid_copy_source", "refuses '..' in keys, which are legal in S3"),
    ("UploadPartCopy_invalid_copy_source", "refuses '..' in keys, which are legal in S3"),
    ("PutObject_overwrite_dir_obj", "about directories of a file system"),
    ("PutObject_overwrite_file_obj", "about directories of a file system"),
    ("PutObject_with_slashes", "about directories of a file system"),
    ("CopyObject_overwrite_same", "about directories of a file system"),
    ("GetObject_directory_success", "about directories of a file system"),
    ("GetBucketEncryption_not_implemented", "wants 501 for what is answered here"),
    ("GetBucketLifecycleConfiguration_not_implemented", "wants 501 for what is answered here"),
    ("GetBucketReplication_not_implemented", "wants 501 for what is answered here"),
    ("GetPublicAccessBlock_not_implemented", "wants 501 for what is answered here"),
    ("GetObjectAcl_not_implemented", "wants 501 for what is answered here"),
    ("ListBuckets_success", "wants owners named by their access keys"),
    ("ListBuckets_truncated", "wants owners named by their access keys"),
    ("ListBuckets_with_prefix", "wants owners named by their access keys"),
    ("DeleteObject_expected_bucket_owner", "wants owners named by their access keys"),
    ("ListObjectsV2_both_start_after_and", "looks into the continuation token"),
    ("PutObject_dir_obj_with_data", "about directories of a file system"),
    ("PutObject_name_too_long", "about names in a file system"),
    ("HeadObject_name_too_long", "about names in a file system"),
    ("DeleteObject_name_too_long", "about names in a file system"),
    ("DeleteObject_directory_not_empty", "about directories of a file system"),
    ("CreateMultipartUpload_dir_obj", "about directories of a file system"),
    ("ListMultipartUploads_delimiter_truncated",
     "wants a common prefix told again on the next page"),
    ("CreateBucket_as_user", "wants users who may not make buckets"),
    ("CompleteMultipartUpload_should_ignore_the_final_checksum",
     "wants a wrong checksum of the whole ignored"),
    ("ListBuckets_as", "wants owners named by their access keys"),
    ("ListParts_null_checksums", "wants the word null for a checksum that nobody chose"),
    ("PutObject_object_acl", "wants access control lists ignored that S3 refuses"),
    ("CopyObject_object_acl", "wants access control lists ignored that S3 refuses"),
    ("CreateMultipartUpload_object_acl", "wants access control lists ignored that S3 refuses"),
    ("NoAclMode", "asks a mode of the suite's own server"),
    ("CopyObject_conditional_reads", "wants 304 where the reference of S3 says 412"),
    ("UploadPartCopy_conditional_reads", "wants 304 where the reference of S3 says 412"),
)
# The same by the end of its name.
NOT_APPLICABLE_ENDS = (
    ("data_integrity_etag", "wants ETags made of checksums, which are an option of the suite's own"),
)

# What a failed test says when it cannot be asked of this server, and why.
NOT_ASKED = (
    ("operation error IAM", "asks the suite's own identity service"),
    ("./versitygw", "makes users through the suite's own interface"),
)

# By what is in a test's name: what it wants that is not there yet.
WANTED = (
    ("PutBucketAcl", "access control lists"),
    ("GetBucketAcl", "access control lists"),
    ("_acl", "access control lists"),
    ("Policy", "bucket policies"),
    ("AccessControl", "bucket policies"),
    ("PublicBucket", "bucket policies"),
    ("public", "bucket policies"),
    ("ObjectLock", "object lock"),
    ("object_lock", "object lock"),
    ("bucket_lock", "object lock"),
    ("retention", "object lock"),
    ("Retention", "object lock"),
    ("LegalHold", "object lock"),
    ("legal_hold", "object lock"),
    ("retain_until", "object lock"),
    ("WORM", "object lock"),
    ("Versioning", "versions"),
    ("Versions", "versions"),
    ("version", "versions"),
    ("Tagging", "tags"),
    ("tagging", "tags"),
    ("_tags", "tags"),
    ("tag_count", "tags"),
    ("CreateBucket_duplicate_keys", "tags"),
    ("CopyObject_cross_bucket_server_side_copy", "tags"),
    ("Object_success", "tags"),
    ("Authentication_incorrect_payload_hash", "tags"),
    ("PutObject_racey_success", "object lock"),
    ("DeleteObjects_iam", "object lock"),
    ("Cors", "cross-origin rules"),
    ("OPTIONS", "cross-origin rules"),
    ("Website", "websites"),
    ("website", "websites"),
    ("PostObject", "uploads by HTML forms"),
    ("CORS", "cross-origin rules"),
    ("OwnershipControls", "other owners of objects than the bucket's"),
)

BUCKETS = "test-bucket-"
ANSWER = re.compile(r"operation error S3: (\w+),.* StatusCode: (\d+)")

COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def install():
    """The program, built by the machine's Go where it is not there yet."""
    return golang.install(PACKAGE, VERSION)


def names(program):
    """All the tests that the program knows by name."""
    text = subprocess.run([program, "test", "--help"], capture_output=True, text=True,
                          check=True).stdout
    return sorted(set(re.findall(r"Runs (\w+) integration test", text)))


def why_not(name):
    """Why the test is not run, or nothing."""
    for beginning, reason in NOT_APPLICABLE:
        if name.startswith(beginning):
            return reason
    for end, reason in NOT_APPLICABLE_ENDS:
        if name.endswith(end):
            return reason
    return None


def not_asked(said):
    """Why a test that said this is none of this server's, or nothing."""
    return next((reason for text, reason in NOT_ASKED if text in said), None)


def wanted(name, said):
    """Why the test does not pass yet."""
    found = next((reason for part, reason in WANTED if part in name), None)
    if found:
        return f"wants {found}"
    answer = ANSWER.search(said)
    return f"{answer[1]} is answered with {answer[2]}" if answer else said.split(": ", 1)[-1][:100]


def stand_in(server, folder):
    """Puts a program into the folder for what the suite asks of its own server's administration.
    Returns the file that is there once it was called."""
    called = folder / "called"
    if hasattr(server, "socket_path") and not (folder / "versitygw").exists():
        admin = pathlib.Path(versitygw_admin.__file__)
        program = folder / "versitygw"
        program.write_text(f"#!/bin/sh\n: >{shlex.quote(str(called))}\n"
                           f'exec {shlex.quote(str(admin))} {shlex.quote(server.socket_path())} "$@"\n')
        program.chmod(0o755)
    return called


def clear(server, called):
    """Removes what a test left behind."""
    client = s3.Client(server.endpoint, server.access_key, server.secret_key)
    for bucket in client.buckets():
        if not bucket.startswith(BUCKETS):
            continue
        for key, _, _ in list(client.list(bucket)):
            client.delete(bucket, key)
        client.delete_bucket(bucket)
    if called.exists():
        versitygw_admin.Node(server.socket_path()).remove_users()
        called.unlink()


def run(program, server, name, folder):
    """Whether the test passes, and what it said."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    called = stand_in(server, folder)
    command = [program, "test", "-a", server.access_key, "-s", server.secret_key, "-e",
               server.endpoint, name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder,
                              stdin=subprocess.DEVNULL, timeout=TEST_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        return False, f"no end after {TEST_SECONDS_MAX} s"
    text = COLOURS.sub("", done.stdout + done.stderr)
    clear(server, called)
    failures = [line for line in text.splitlines() if line.startswith("FAIL")]
    passed = done.returncode == 0 and not failures and "PASS" in text
    said = failures[0] if failures else (text.strip().splitlines() or ["nothing"])[-1]
    return passed, said
