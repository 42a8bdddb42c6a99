#!/usr/bin/env python3
"""The command line from outside: every command as it is typed, against a real node."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE)]

import api  # noqa: E402
import copying  # noqa: E402
import looking  # noqa: E402
import nodes  # noqa: E402
import words  # noqa: E402
from server import Server  # noqa: E402
from suite import suite  # noqa: E402


def main():
    with suite("cli") as (report, base):
        for title, test in words.tests(base):
            report.run(title, test)
        with Server(base / "data") as server:
            for module in (looking, copying, api):
                for title, test in module.tests(server, base):
                    report.run(title, test)
        for title, test in nodes.tests(base):
            report.run(title, test)


if __name__ == "__main__":
    main()
