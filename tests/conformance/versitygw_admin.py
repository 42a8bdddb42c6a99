#!/usr/bin/env python3
"""What versitygw's suite calls as `./versitygw admin …` to make users, done through a node's API.

    versitygw_admin.py SOCKET admin -a KEY -s SECRET -er URL COMMAND [OPTION VALUE]…

The suite knows users by their access keys, so a user is named like its key. A bucket that is given to
another user is made anew, with what is in it.
"""

import http.client
import json
import socket
import sys
import urllib.parse

USERS = "test-user-"
GLOBAL_OPTIONS = ("-a", "-s", "-er")


class Refused(Exception):
    pass


class Node:
    """The API on the node's socket."""

    def __init__(self, path):
        self.path = path

    def send(self, method, path, body=None):
        connection = http.client.HTTPConnection("node", timeout=30)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self.path)
        connection.request(method, f"/v1/{path}", body)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status >= 400:
            raise Refused(f"{method} {path}: {content.decode(errors='replace')}")
        return content

    def ask(self, method, path, body=None):
        content = self.send(method, path, None if body is None else json.dumps(body))
        return json.loads(content) if content else None

    def create_user(self, access_key, secret_key, is_admin):
        name = access_key.lower()
        self.ask("POST", "users", {"name": name, "is_admin": is_admin})
        self.ask("POST", "keys", {"user": name, "access_key": access_key,
                                  "secret_key": secret_key})

    def change_owner(self, bucket, access_key):
        paths = [f"objects/{bucket}/{urllib.parse.quote(row['key'])}"
                 for row in self.ask("GET", f"objects/{bucket}")["objects"]]
        contents = [self.send("GET", path) for path in paths]
        for path in paths:
            self.send("DELETE", path)
        self.send("DELETE", f"buckets/{bucket}")
        self.ask("PUT", f"buckets/{bucket}", {"owner": access_key.lower()})
        for path, content in zip(paths, contents):
            self.send("PUT", path, content)

    def remove_users(self):
        """Those that the suite made, whose buckets are gone."""
        for user in self.ask("GET", "users")["users"]:
            if user["name"].startswith(USERS):
                self.ask("DELETE", f"users/{user['name']}")


def main():
    node, words = Node(sys.argv[1]), sys.argv[2:]
    while words and words[0] in ("admin", "--allow-insecure", *GLOBAL_OPTIONS):
        words = words[2 if words[0] in GLOBAL_OPTIONS else 1:]
    command, options = words[0], dict(zip(words[1::2], words[2::2]))
    if command == "create-user":
        node.create_user(options["-a"], options["-s"], options["-r"] == "admin")
    elif command == "change-bucket-owner":
        node.change_owner(options["-b"], options["-o"])
    else:
        raise Refused(f"{command} is unknown here")


if __name__ == "__main__":
    try:
        main()
    except Refused as why:
        print(f"versitygw admin stand-in: {why}")
        sys.exit(1)
