"""A node from its first start to its end."""

import os
import pathlib
import signal
import stat
import subprocess
import tempfile
import termios

import s3
from report import expect, wait_until
from server import BINARY, Server
from shell import SECONDS_MAX, Shell, Terminal, clean_environment, run


def echoes(terminal):
    return termios.tcgetattr(terminal)[3] & termios.ECHO != 0


class Nodes:
    def __init__(self, base):
        self.base = base

    def first_start_on_a_terminal(self):
        folder = self.base / "first"
        with Terminal("up", "--data", folder, "--s3", "127.0.0.1:0") as terminal:
            shown = terminal.wait_for("Ctrl+C")
            note = folder / "credentials"
            expect(stat.S_IMODE(note.stat().st_mode) == 0o600, "others may read the secret")
            kept = dict(line.split(" = ") for line in note.read_text().splitlines() if " = " in line)
            access, secret = kept["aws_access_key_id"], kept["aws_secret_access_key"]
            endpoint = (folder / "endpoint").read_text().strip()
            for word in (access, secret, endpoint, "us-east-1"):
                expect(word in shown, f"{word} is not shown: {shown}")
            s3.Client(endpoint, access, secret).create_bucket("first")
            terminal.type("\x03")
            expect(terminal.end() == 0, "Ctrl+C does not end it in order")
        for name in ("endpoint", "holdfast.sock"):
            expect(not (folder / name).exists(), f"{name} is left behind")
        with Terminal("up", "--data", folder, "--s3", "127.0.0.1:0") as terminal:
            shown = terminal.wait_for("Ctrl+C")
            expect(secret not in shown, "the secret is shown again")

    def long_path(self):
        folder = self.base / ("x" * 60) / ("y" * 60)
        with Server(folder, log=self.base / "long.log") as server, tempfile.TemporaryDirectory() as runtime:
            server.kill()
            os.environ["XDG_RUNTIME_DIR"] = runtime
            try:
                server.start()
                expect((folder / "socket").read_text().startswith(runtime), "not recorded")
                expect(Shell(server).json("status")["state"] == "ready", "not found")
            finally:
                del os.environ["XDG_RUNTIME_DIR"]
                server.stop()

    def second_node(self):
        with Server(self.base / "one") as server:
            said = run("up", "--data", server.folder, "--s3", "127.0.0.1:0", code=7)
            expect(f"process {server.process.pid}, since 2" in said, said)
            said = run("up", "--data", self.base / "two", "--s3", server.address, code=7)
            expect("--s3" in said, f"a port in use is told as {said}")

    def while_starting(self):
        """What needs the vault waits until it is open; nothing is refused on the way."""
        with Server(self.base / "starting") as server:
            holdfast = Shell(server)
            holdfast("bucket", "create", "early")
            for _ in range(5):
                server.kill()
                server.spawn()
                wait_until(lambda: server.ask("/healthz")[0] == 200, "it does not come up")
                expect("early" in holdfast("bucket", "list"), "a bucket is missing")

    def passphrase(self):
        secret = self.base / "secret"
        secret.write_text("correct horse\n")
        with Server(self.base / "locked") as server:
            holdfast = Shell(server)
            holdfast("vault", "passphrase", "--file", secret)
            kinds = {row["kind"] for row in holdfast.json("vault", "keys")}
            expect(kinds == {"words", "passphrase"}, f"{kinds}")
            holdfast("vault", "lock")
            expect(holdfast.json("status")["state"] == "locked", "not locked")
            with Terminal("vault", "unlock", "--data", server.folder) as terminal:
                terminal.wait_for("Passphrase:")
                kept = os.open(f"/proc/{terminal.process.pid}/fd/0", os.O_RDWR | os.O_NOCTTY)
                wait_until(lambda: not echoes(kept), "what is typed is shown")
                terminal.type("wro\x03")
                expect(terminal.process.wait(SECONDS_MAX) == -signal.SIGINT, "Ctrl+C is not obeyed")
                expect(echoes(kept), "the terminal stays silent after Ctrl+C")
                os.close(kept)
            with Terminal("vault", "unlock", "--data", server.folder) as terminal:
                terminal.wait_for("Passphrase:")
                terminal.type("correct horze\x7f\x7fse\n")
                expect(terminal.end() == 0 and b"horse" not in terminal.shown, f"{terminal.shown}")
            holdfast("vault", "lock")
            with Terminal("vault", "unlock", "--data", server.folder) as terminal:
                terminal.wait_for("Passphrase:")
                terminal.type("\x04")
                expect(terminal.end() == 4 and b"no answer" in terminal.shown, f"{terminal.shown}")
            expect("vault unlock" in holdfast("ls", code=5), "no remedy")
            holdfast("vault", "unlock", "--passphrase-file", secret)
            expect(holdfast.json("status")["state"] == "ready", "not ready")
            server.stop()
            server.options = ["--passphrase-file", secret]
            server.start()
            holdfast("vault", "passphrase", "--remove")
            server.stop()
            server.start()
            expect("has no passphrase" in server.log_tail(), "a file that opens nothing is not told of")

    def lost_on_the_way(self):
        """A node that goes away is told of once, not for each of many files."""
        tree = self.base / "many-files"
        tree.mkdir()
        for number in range(2000):
            (tree / f"{number:04}").write_bytes(os.urandom(4096))
        with Server(self.base / "lost") as server:
            Shell(server)("bucket", "create", "lost")
            syncing = subprocess.Popen([BINARY, "sync", "-j", "1", tree, "hf://lost", "--data",
                                        server.folder], stdout=subprocess.PIPE, text=True,
                                       stderr=subprocess.PIPE, env=clean_environment())
            wait_until(lambda: Shell(server).json("ls", "-r", "lost"), "nothing is stored")
            server.kill()
            out, said = syncing.communicate(timeout=SECONDS_MAX)
            expect(syncing.returncode == 6, f"{syncing.returncode}: {said[-500:]}")
            expect(said.count("Could not") == 1 and "more are not done either" in said, said[-500:])
            expect("Uploaded" in out and "Uploaded 2,000" not in out, out)

    def watchers(self):
        server = Server(self.base / "watched", options=["--metrics", "127.0.0.1:0"])
        with server:
            address = Shell(server).json("status")["metrics"].split("://")[1]
            host, port = address.split(":")
            import http.client
            connection = http.client.HTTPConnection(host, int(port), timeout=10)
            for path, code in (("/healthz", 200), ("/readyz", 200), ("/metrics", 200),
                               ("/v1/status", 404), ("/v1/vault/words", 404)):
                connection.request("GET", path)
                answer = connection.getresponse()
                body = answer.read()
                expect(answer.status == code, f"{path} answers {answer.status}")
                if path == "/metrics":
                    expect(body.endswith(b"# EOF\n"), "not OpenMetrics")
                    expect(b'holdfast_state{holdfast_state="ready"} 1' in body, body)

    def reload(self):
        with Server(self.base / "reloaded") as server:
            (server.folder / "holdfast.yaml").write_text("log-level: error\n")
            server.process.send_signal(signal.SIGHUP)
            holdfast = Shell(server)
            wait_until(lambda: any(row["name"] == "log-level" and row["value"] == "error"
                                   for row in holdfast.json("config", "--running")),
                       "the log level is not read anew")

    def tls(self):
        server = Server(self.base / "tls", options=["--s3-tls"])
        with server:
            expect(server.endpoint.startswith("https://"), server.endpoint)
            import ssl
            import urllib.error
            import urllib.request
            trusting = ssl.create_default_context(cafile=str(server.folder / "s3-cert.pem"))
            try:
                urllib.request.urlopen(server.endpoint + "/", context=trusting, timeout=10)
                expect(False, "an unsigned request is answered")
            except urllib.error.HTTPError as refused:
                expect(refused.code == 403, f"refused with {refused.code}")

    def own_certificate(self):
        """The certificate is replaced in place; connections made after a SIGHUP get the new one."""
        import ssl
        cert, key = self.base / "own.pem", self.base / "own-key.pem"

        def issue(name):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                            f"/CN={name}", "-keyout", key, "-out", cert],
                           check=True, capture_output=True)

        def served():
            host, port = server.address.rsplit(":", 1)
            return ssl.get_server_certificate((host, int(port)))

        issue("first")
        server = Server(self.base / "own", options=["--s3-cert", cert, "--s3-key", key])
        with server:
            first = served()
            expect(first.strip() == cert.read_text().strip(), "another certificate is served")
            issue("second")
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: served().strip() == cert.read_text().strip(),
                       "the new certificate is not served")
            key.write_text("not a key\n")
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: str(key) in server.log_tail(), "nothing is said of the bad key")
            expect(served().strip() == cert.read_text().strip(), "a bad key ended the service")

    def drain(self):
        """A request at work when the node is told to stop still gets its answer."""
        with Server(self.base / "drained") as server:
            holdfast = Shell(server)
            holdfast("bucket", "create", "din")
            sending = subprocess.Popen([BINARY, "cp", "-", "hf://din/slow", "--data", server.folder],
                                       stdin=subprocess.PIPE, env=clean_environment())
            sending.stdin.write(b"x" * 300_000)
            sending.stdin.flush()
            wait_until(lambda: b'at_work{server="api"} 2' in server.ask("/metrics")[1],
                       "the upload does not begin")
            server.process.send_signal(signal.SIGTERM)
            wait_until(lambda: server.ask("/readyz")[0] in (0, 503), "still ready")
            sending.stdin.close()
            expect(sending.wait(SECONDS_MAX) == 0, "the upload was cut off")
            expect(server.process.wait(SECONDS_MAX) == 0, "it did not end in order")
            server.start()
            expect(len(holdfast("cat", "hf://din/slow")) == 300_000, "what was acknowledged is gone")


def tests(base):
    nodes = Nodes(pathlib.Path(base))
    return [("the first start shows the keys", nodes.first_start_on_a_terminal),
            ("a path too long for a socket", nodes.long_path),
            ("a second node says who is first", nodes.second_node),
            ("a command waits for a node that starts", nodes.while_starting),
            ("passphrase, lock and unlock", nodes.passphrase),
            ("a node that is lost on the way", nodes.lost_on_the_way),
            ("watchers have an address of their own", nodes.watchers),
            ("SIGHUP reads settings anew", nodes.reload),
            ("TLS with a certificate of its own", nodes.tls),
            ("a certificate is replaced while it serves", nodes.own_certificate),
            ("SIGTERM lets a request end", nodes.drain)]
