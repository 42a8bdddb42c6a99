"""Our own command line, over the node's socket."""

from client import Client, lines_like
from server import BINARY


class Holdfast(Client):
    name = "holdfast"

    def sync(self, *arguments, **keywords):
        self.persist(BINARY, "sync", "--verbose", *arguments, "--data", self.server.folder, **keywords)

    def store(self, folder):
        place = f"hf://{self.bucket}"
        self.sync(folder, place, folder=folder,
                  acknowledged=lines_like(rf"^upload .* to {place}/(.*)$"))

    def fetch(self, folder):
        self.sync(f"hf://{self.bucket}", folder)

    def remove(self):
        self.command(BINARY, "rm", "--recursive", "--yes", f"hf://{self.bucket}/",
                     "--data", self.server.folder)
