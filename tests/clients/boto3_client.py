"""Stores, fetches or removes a tree with boto3: boto3_client.py VERB FOLDER. See sdks.py."""

import concurrent.futures
import os
import pathlib
import sys
import time

import boto3
import boto3.s3.transfer
import botocore.config
import botocore.exceptions

STREAMS = 8
TRIES = 30

bucket = os.environ["BUCKET"]
s3 = boto3.client(
    "s3", endpoint_url=os.environ["ENDPOINT"],
    config=botocore.config.Config(max_pool_connections=2 * STREAMS,
                                  retries={"mode": "standard", "total_max_attempts": 6},
                                  s3={"addressing_style": "path"}))
transfer = boto3.s3.transfer.TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)


def patiently(call, *arguments, **keywords):
    """Again while the server is away. What it says itself is final."""
    for attempt in range(TRIES):
        try:
            return call(*arguments, **keywords)
        except (botocore.exceptions.BotoCoreError, boto3.exceptions.Boto3Error,
                botocore.exceptions.ClientError) as failure:
            # Some failures of the connection have an answer that is None.
            answer = (getattr(failure, "response", None) or {}).get("ResponseMetadata", {})
            if 400 <= answer.get("HTTPStatusCode", 0) < 500 or attempt == TRIES - 1:
                raise
            time.sleep(0.3)


def store(folder):
    def one(path):
        key = path.relative_to(folder).as_posix()
        if path.stat().st_size % 2:
            patiently(s3.put_object, Bucket=bucket, Key=key, Body=path.read_bytes(),
                      Metadata={"origin": "suite"})
        else:
            patiently(s3.upload_file, str(path), bucket, key, Config=transfer)
        print(f"done {key}", flush=True)

    in_streams(one, [path for path in folder.rglob("*") if path.is_file()])


def keys():
    for page in patiently(lambda: list(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket))):
        for entry in page.get("Contents", []):
            yield entry["Key"]


def fetch(folder):
    def one(key):
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        patiently(s3.download_file, bucket, key, str(path), Config=transfer)

    in_streams(one, list(keys()))


def remove(_):
    names = list(keys())
    for begin in range(0, len(names), 1000):
        answer = s3.delete_objects(Bucket=bucket, Delete={
            "Objects": [{"Key": key} for key in names[begin:begin + 1000]]})
        assert not answer.get("Errors"), answer["Errors"]


def in_streams(function, items):
    with concurrent.futures.ThreadPoolExecutor(STREAMS) as pool:
        for _ in pool.map(function, items):
            pass


def version(_):
    print(boto3.__version__)


if __name__ == "__main__":
    {"store": store, "fetch": fetch, "remove": remove, "version": version}[sys.argv[1]](
        pathlib.Path(sys.argv[2]))
