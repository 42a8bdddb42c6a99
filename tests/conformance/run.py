#!/usr/bin/env python3
"""Public test suites for S3, against what is committed about each of their tests.

Fails on a change in either direction: a test that passed and fails, and one that was not expected to
pass and does. --update writes down what is seen now; look at the difference before you commit it.

With --endpoint it runs against another S3 server.
"""

import argparse
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE)]

import minio_go  # noqa: E402
import versitygw  # noqa: E402
from expected import STATES, Expected  # noqa: E402
from report import Failure, Skip  # noqa: E402
from server import Server  # noqa: E402
from suite import suite  # noqa: E402


class Foreign:
    """Another S3 server, which is left alone."""

    def __init__(self, options):
        self.endpoint = options.endpoint
        self.access_key, self.secret_key = options.access_key, options.secret_key

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def judge(expected, name, passed, said):
    """A test of the report: what is seen is what is written down."""
    state = expected.state(name)
    if passed and state == "not-yet":
        raise Failure("passes now: run with --update, and commit the list")
    if not passed and state == "pass":
        raise Failure(said)
    return None if passed else "not yet"


class Outcomes:
    """One suite's list, brought together with what a run shows."""

    def __init__(self, name, program, options, report):
        self.name = name
        self.expected = Expected(HERE / f"{name}.txt")
        self.program = program
        self.options = options
        self.report = report
        self.seen = set()

    def note(self, name, passed, said):
        self.seen.add(name)
        if self.options.update:
            reason = None if passed else self.program.not_asked(said)
            if reason:
                return self.skip(name, reason)
            self.expected.set(name, "pass" if passed else "not-yet",
                              self.program.wanted(name, said))
        self.report.run(name, judge, self.expected, name, passed, said)

    def skip(self, name, reason):
        self.seen.add(name)
        if self.options.update:
            self.expected.set(name, "n/a", reason)

    def close(self):
        states = [self.expected.state(name) for name in self.seen]
        print(f"     {self.name}: " + ", ".join(f"{states.count(state)} {state}" for state in STATES),
              flush=True)
        if self.options.update:
            if not self.options.only:
                self.expected.forget_all_but(self.seen)
            self.expected.save()
        elif not self.options.only:
            for name in sorted(set(self.expected.states) - self.seen):
                self.report.run(name, judge, self.expected, name, False, "the suite has it no more")

    def wants(self, name):
        return not self.options.only or self.options.only in name


def run_versitygw(outcomes, server, folder):
    program = versitygw.install()
    for name in versitygw.names(program):
        if not outcomes.wants(name):
            continue
        written = outcomes.expected.states.get(name) == "n/a"
        reason = outcomes.expected.reasons[name] if written else versitygw.why_not(name)
        if reason:
            outcomes.skip(name, reason)
        else:
            outcomes.note(name, *versitygw.run(program, server, name, folder))


def run_minio_go(outcomes, server, folder):
    program = minio_go.install()
    for name, outcome in sorted(minio_go.run(program, server, folder).items()):
        written = outcomes.expected.states.get(name) == "n/a"
        reason = outcomes.expected.reasons[name] if written else minio_go.why_not(name)
        if reason:
            outcomes.skip(name, reason)
        elif outcomes.wants(name):
            outcomes.note(name, *outcome)


SUITES = {"versitygw": (versitygw, run_versitygw), "minio-go": (minio_go, run_minio_go)}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="*", metavar="SUITE",
                        help=f"of {', '.join(SUITES)}; all that have a list, unless told otherwise")
    parser.add_argument("--update", action="store_true", help="write down what is seen")
    parser.add_argument("--only", metavar="TEXT", help="tests with this in their names")
    parser.add_argument("--full", action="store_true", help="the same: there is no more than all")
    parser.add_argument("--endpoint")
    parser.add_argument("--access-key", default="access")
    parser.add_argument("--secret-key", default="secret")
    options = parser.parse_args()
    unknown = set(options.suites) - set(SUITES)
    if unknown:
        parser.error(f"no suite {', '.join(unknown)}; there are {', '.join(SUITES)}")

    listed = [name for name in SUITES if options.update or (HERE / f"{name}.txt").exists()]
    with suite("conformance") as (report, base):
        for name in options.suites or listed:
            run_one(name, options, report, base)


def run_one(name, options, report, base):
    program, run = SUITES[name]
    outcomes = Outcomes(name, program, options, report)
    folder = base / f"{name}-work"
    folder.mkdir()
    with Foreign(options) if options.endpoint else Server(base / name) as server:
        try:
            run(outcomes, server, folder)
            outcomes.close()
        except Skip as reason:
            report.run(name, skip_suite, reason)


def skip_suite(reason):
    raise reason


if __name__ == "__main__":
    main()
