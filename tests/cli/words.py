"""What needs no node: help, completions, the man page, slips of the finger, settings."""

import json
import os
import re
import shutil
import subprocess

from report import Skip, expect, wait_until
from server import BINARY
from shell import SECONDS_MAX, clean_environment, run

COMMANDS = ("up status ls cp sync cat mv rm du bucket user key vault config completion help "
            "version").split()


def every_command_explains_itself():
    root = run("--help")
    for command in COMMANDS:
        expect(f"\n  {command} " in root, f"the help does not list {command}")
        text = run(command, "--help")
        expect(text.startswith(f"Usage: holdfast {command}"), f"{command}: {text[:80]}")
        expect(run("help", command) == text, f"`help {command}` says something else")
        long = [line for line in text.splitlines() if len(line) > 80]
        expect(not long, f"too wide: {long}")
    expect("Exit codes:" in root, "exit codes are not explained")
    expect(run() == root, "without words it does not help")


def slips_are_answered():
    for typed, meant in (("stauts", "holdfast status"), ("copy", "holdfast cp"),
                         ("list", "holdfast ls"), ("mb", "holdfast bucket create"),
                         ("frobnicate", "has no command")):
        said = run(typed, code=2)
        expect(meant in said, f"`{typed}` is answered by {said}")
    expect("--recursive" in run("ls", "--recursiv", code=2), "no option is suggested")
    for words in (["cp"], ["cp", "one"]):
        expect("SOURCE and TARGET" in run(*words, code=2), "missing arguments are not named")
    for words, answer in ((["--data"], "--data needs DIR."), (["ls", "--data="], "--data needs DIR."),
                          (["cp", "-j", "3", "-j", "4", "a", "b"], "--jobs may be given only once."),
                          (["up", "--log-level", "loud"], "one of debug, info, warning, error"),
                          (["version", "--", "-x"], "has no option -x")):
        said = run(*words, code=2)
        expect(answer in said, f"{words} is answered by {said}")
    expect("create, list, remove" in run("bucket", code=2), "a group does not say what it has")
    for jobs in ("x", "0", "-1", "65", "99999999999999999999"):
        said = run("sync", "a", "b", "-j", jobs, code=2)
        expect("from 1 to 64" in said and "not N" not in said, f"-j {jobs} is answered by {said}")
    expect("Did you mean `create`?" in run("help", "bucket", "crate", code=2), "help has no hint")


def closed_streams(base):
    """What is printed must not end in a file that was given the number of a closed stream."""
    for closed, words, code in ((">&-", "version", 1), ("2>&-", "ls --data /nobody", 5),
                                ("<&-", "version", 0), ("<&- >&- 2>&-", "version", 1)):
        done = subprocess.run(["bash", "-c", f"exec {closed}; exec {BINARY} {words}"],
                              capture_output=True, env=clean_environment(), timeout=SECONDS_MAX)
        expect(done.returncode == code, f"{closed} {words} ends with {done.returncode}")
    folder = base / "closed"
    script = f"exec <&- >&- 2>&-; exec {BINARY} up --data {folder} --s3 127.0.0.1:0"
    node = subprocess.Popen(["bash", "-c", script], env=clean_environment())
    try:
        wait_until((folder / "endpoint").exists, "it does not start without streams")
        for stream in "012":
            to = os.readlink(f"/proc/{node.pid}/fd/{stream}")
            expect(to == "/dev/null", f"stream {stream} leads to {to}")
    finally:
        node.terminate()
    expect(node.wait(SECONDS_MAX) == 0, "it does not end in order")


def without_a_node(base):
    said = run("ls", "--data", base / "nobody", code=5)
    expect("holdfast up --data" in said, f"no remedy: {said}")
    environment = clean_environment(HOLDFAST_DATA=str(base / "elsewhere"))
    said = run("status", code=5, environment=environment)
    expect("elsewhere" in said, f"HOLDFAST_DATA is not heeded: {said}")
    home = clean_environment(HOME="/nobody")
    said = run("status", code=5, environment=home)
    expect("/nobody/.local/share/holdfast" in said or "/var/lib/holdfast" in said, said)


def empty_data(base):
    """An empty name, as an unset variable gives, is not taken for the standard folder."""
    home = base / "nobodys-home"
    for command in ("status", "config", "up"):
        said = run(command, "--data", "", code=2, environment=clean_environment(HOME=str(home)))
        expect("--data is empty" in said, f"{command} says {said}")
        said = run(command, code=2, environment=clean_environment(HOLDFAST_DATA="", HOME=str(home)))
        expect("HOLDFAST_DATA is set but empty" in said, f"{command} says {said}")
    told = json.loads(run("config", "--json", "--data", base / "said",
                          environment=clean_environment(HOLDFAST_DATA="")))
    expect(told[0]["value"] == str(base / "said"), f"{told[0]}")
    expect(not home.exists(), "a folder was made")


def empty_variables(base):
    """One rule for all settings: a variable that is not to count is unset, not empty."""
    folder = base / "empty-variables"
    for name in ("HOLDFAST_S3", "HOLDFAST_SITE", "HOLDFAST_DISK", "HOLDFAST_CONFIG",
                 "HOLDFAST_S3_TLS", "HOLDFAST_PASSPHRASE_FILE", "HOLDFAST_SECRET_KEY"):
        for command in ("config", "up"):
            said = run(command, "--data", folder, code=2, environment=clean_environment(**{name: ""}))
            expect(f"{name} is set but empty" in said and "unset it" in said, f"{command}: {said}")
    said = run("config", "--data", folder, "--config", "", code=2)
    expect("--config is empty" in said, said)
    run("config", "--data", folder, environment=clean_environment(HOLDFAST_METRICS=""))
    expect(not folder.exists(), "a folder was made")
    for place in (run("man"), run("config", "--help")):
        expect("empty" in place, "the rule is nowhere to be read")


def man_page():
    page = run("man")
    for command in COMMANDS:
        if command not in ("bucket", "user", "key", "vault", "completion"):
            expect(f".SS holdfast {command}\n" in page, f"the page does not tell of {command}")
    for word in ("EXIT STATUS", "SETTINGS", "HOLDFAST_S3", "bucket create"):
        expect(word in page, f"the page lacks {word}")
    if not shutil.which("groff"):
        raise Skip("groff checks the page: apt-get install groff")
    checked = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z"], input=page, text=True,
                             capture_output=True)
    expect(checked.returncode == 0 and not checked.stderr, f"groff says {checked.stderr}")


def complete(line):
    """What bash offers where the cursor is at the end of `line`."""
    typed = line.split(" ")
    quoted = " ".join(f"'{word}'" for word in typed)
    script = (f"source <({BINARY} completion bash); COMP_WORDS=({quoted}); "
              f"COMP_CWORD={len(typed) - 1}; _holdfast; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd="/")
    expect(not done.stderr, f"bash says {done.stderr}")
    return done.stdout.split()


def completion():
    expect("bucket" in complete("holdfast "), "commands are not offered")
    expect(complete("holdfast buc") == ["bucket"], f"{complete('holdfast buc')}")
    expect(set(complete("holdfast bucket ")) == {"create", "list", "remove"}, "its commands")
    expect("--etag" in complete("holdfast bucket create --"), "options are not offered")
    expect(complete("holdfast up --log-format ") == ["text", "json"], "choices are not offered")
    expect("usr" in [name.rstrip("/") for name in complete("holdfast up --data u")], "folders")
    for shell in ("zsh", "fish"):
        script = run("completion", shell)
        if shutil.which(shell):
            checked = subprocess.run([shell, "-n"], input=script, text=True, capture_output=True)
            expect(checked.returncode == 0, f"{shell} says {checked.stderr}")


def origins(base):
    folder = base / "settings"
    folder.mkdir()
    (folder / "holdfast.yaml").write_text("site: cellar\nregion: eu-attic-1\nlog-level: debug\n")
    environment = clean_environment(HOLDFAST_REGION="eu-north-1", HOLDFAST_LOG_LEVEL="error")
    told = json.loads(run("config", "--json", "--data", folder, "--log-level", "warning",
                          environment=environment))
    seen = {row["name"]: (row["value"], row["origin"]) for row in told}
    expect(seen["site"] == ("cellar", f"{folder}/holdfast.yaml"), f"site: {seen['site']}")
    expect(seen["region"] == ("eu-north-1", "HOLDFAST_REGION in the environment"), seen["region"])
    expect(seen["log-level"] == ("warning", "--log-level on the command line"), seen["log-level"])
    expect(seen["s3"] == ("127.0.0.1:9000", "built in"), seen["s3"])
    for name in seen:
        expect(re.fullmatch("[a-z0-9-]+", name), name)


def wrong_settings(base):
    folder = base / "wrong"
    folder.mkdir()
    (folder / "holdfast.yaml").write_text("# a slip\nlog-levl: debug\n")
    for command in ("config", "up"):
        said = run(command, "--data", folder, code=2)
        expect("holdfast.yaml:2" in said and "log-level?" in said, f"{command} says {said}")
    (folder / "holdfast.yaml").unlink()
    said = run("up", "--data", folder, code=2,
               environment=clean_environment(HOLDFAST_REGOIN="x"))
    expect("HOLDFAST_REGION?" in said, said)
    for command in ("config", "up"):
        said = run(command, "--data", folder, "--s3", "99999", code=2)
        expect("--s3" in said and "HOST:PORT" in said, f"{command} says {said}")
    run("up", "--data", folder, "--config", folder / "nothing.yaml", code=3)


def tests(base):
    return [("every command explains itself", every_command_explains_itself),
            ("slips of the finger are answered", slips_are_answered),
            ("closed streams stay closed", lambda: closed_streams(base)),
            ("without a node it says how to start one", lambda: without_a_node(base)),
            ("an empty data folder is refused", lambda: empty_data(base)),
            ("empty variables are refused", lambda: empty_variables(base)),
            ("the man page tells of everything", man_page),
            ("shells complete", completion),
            ("config tells where settings come from", lambda: origins(base)),
            ("wrong settings are refused with a hint", lambda: wrong_settings(base))]
