#!/usr/bin/env python3
"""The whole program from outside, once through everything: what people type, what comes over S3, what
goes wrong. A minute; run after every release build."""

import argparse
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE)]

import commands  # noqa: E402
import damage  # noqa: E402
import hostile  # noqa: E402
import lifecycle  # noqa: E402
import package  # noqa: E402
import tables  # noqa: E402
from server import Server  # noqa: E402
from suite import suite  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the same: there is only one size")
    parser.parse_args()
    with suite("smoke") as (report, base):
        with Server(base / "data") as server:
            for module in (commands, hostile):
                for title, test in module.tests(server, base):
                    report.run(title, test)
        for module in (lifecycle, damage, tables, package):
            for title, test in module.tests(base):
                report.run(title, test)


if __name__ == "__main__":
    main()
