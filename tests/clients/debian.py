"""Clients from Debian: awscli, s3cmd, rclone, restic."""

import json

from client import Client, lines_like, program
from report import expect

PART_MIB = 5  # The least that S3 allows, so that a file of 16 MiB has several parts.


class Awscli(Client):
    name = "awscli"

    def prepare(self):
        self.aws = program("aws", "awscli")
        settings = self.work / "home/.aws"
        settings.mkdir(parents=True)
        (settings / "config").write_text(
            "[default]\nmax_attempts = 12\nretry_mode = standard\ns3 =\n"
            f"  multipart_threshold = {PART_MIB}MB\n  multipart_chunksize = {PART_MIB}MB\n"
            "  addressing_style = path\n")

    def s3_command(self, *arguments):
        return (self.aws, "--endpoint-url", self.server.endpoint, "s3", *arguments)

    def store(self, folder):
        self.persist(*self.s3_command("sync", "--no-progress", folder, f"s3://{self.bucket}"),
                     folder=folder, acknowledged=lines_like(rf"^upload: .* to s3://{self.bucket}/(.*)$"))

    def fetch(self, folder):
        self.persist(*self.s3_command("sync", "--no-progress", f"s3://{self.bucket}", folder))

    def remove(self):
        self.command(*self.s3_command("rm", "--quiet", "--recursive", f"s3://{self.bucket}"))


class S3cmd(Client):
    name = "s3cmd"

    def prepare(self):
        self.s3cmd = program("s3cmd", "s3cmd")
        self.settings = self.work / "s3cmd.cfg"

    def s3_command(self, *arguments):
        host = self.server.endpoint.split("://")[1]
        self.settings.write_text(
            f"[default]\naccess_key = {self.server.access_key}\n"
            f"secret_key = {self.server.secret_key}\nhost_base = {host}\nhost_bucket = {host}\n"
            f"bucket_location = {self.server.region}\nuse_https = False\nmax_retries = 20\n"
            f"multipart_chunk_size_mb = {PART_MIB}\nprogress_meter = False\n")
        return (self.s3cmd, "--config", self.settings, *arguments)

    def store(self, folder):
        self.persist(*self.s3_command("sync", f"{folder}/", f"s3://{self.bucket}/"),
                     folder=folder,
                     acknowledged=lines_like(
                         rf"^upload: '.*' -> 's3://{self.bucket}/(.*)'  \(.* seconds"))

    def fetch(self, folder):
        self.persist(*self.s3_command("sync", f"s3://{self.bucket}/", f"{folder}/"))

    def remove(self):
        self.command(*self.s3_command("del", "--recursive", "--force", f"s3://{self.bucket}/"))


class Rclone(Client):
    name = "rclone"

    def prepare(self):
        self.rclone = program("rclone", "rclone")

    def environment(self):
        return super().environment() | {
            "RCLONE_CONFIG": "/dev/null",
            "RCLONE_CONFIG_HF_TYPE": "s3",
            "RCLONE_CONFIG_HF_PROVIDER": "Other",
            "RCLONE_CONFIG_HF_ACCESS_KEY_ID": self.server.access_key,
            "RCLONE_CONFIG_HF_SECRET_ACCESS_KEY": self.server.secret_key,
            "RCLONE_CONFIG_HF_REGION": self.server.region,
            "RCLONE_CONFIG_HF_ENDPOINT": self.server.endpoint,
            "RCLONE_S3_UPLOAD_CUTOFF": f"{PART_MIB}Mi",
            "RCLONE_S3_CHUNK_SIZE": f"{PART_MIB}Mi",
            "RCLONE_TRANSFERS": "8",
            "RCLONE_LOW_LEVEL_RETRIES": "20",
            "RCLONE_USE_JSON_LOG": "true",
        }

    def store(self, folder):
        self.folder = folder
        self.persist(self.rclone, "sync", "-v", folder, f"hf:{self.bucket}", folder=folder,
                     acknowledged=self.copied)

    @staticmethod
    def copied(output):
        lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
        return [line["object"] for line in lines if line.get("msg", "").startswith("Copied (new)")]

    def fetch(self, folder):
        self.persist(self.rclone, "sync", f"hf:{self.bucket}", folder)
        self.command(self.rclone, "check", "--one-way", self.folder, f"hf:{self.bucket}")

    def remove(self):
        self.command(self.rclone, "delete", f"hf:{self.bucket}")


class Restic(Client):
    """With the server as its repository: many small objects, and a check that reads them all."""

    name = "restic"
    keeps_files = False

    def prepare(self):
        self.restic = program("restic", "restic")

    def environment(self):
        return super().environment() | {
            "RESTIC_PASSWORD": "only a test",
            "RESTIC_REPOSITORY": f"s3:{self.server.endpoint}/{self.bucket}/repository",
            "RESTIC_CACHE_DIR": str(self.work / "cache"),
        }

    def unlock(self):
        self.attempt((self.restic, "unlock", "--remove-all"))

    def store(self, folder):
        self.folder = folder
        self.persist(self.restic, "init")
        self.persist(self.restic, "backup", "--quiet", ".", before_retry=self.unlock)

    def attempt(self, arguments):
        """Backs up `.`, so that what it restores has no path before it."""
        if "backup" in arguments:
            script = 'cd "$1" && shift && exec "$@"'
            arguments = ("sh", "-c", script, "sh", self.folder, *arguments)
        return super().attempt(arguments)

    def fetch(self, folder):
        self.persist(self.restic, "check", "--read-data", before_retry=self.unlock)
        self.persist(self.restic, "restore", "latest", "--target", folder,
                     before_retry=self.unlock)

    def remove(self):
        self.command(self.restic, "forget", "--keep-tag", "none", "--prune", "latest")
        left = [key for key, _, _ in self.s3.list(self.bucket, "repository/data/")]
        expect(not left, f"{len(left)} packs are left after prune, such as {left[:2]}")
