"""The frame of a suite: what it reports, and the folder that it works in."""

import contextlib
import shutil

from report import Report
from server import scratch_folder


@contextlib.contextmanager
def suite(name):
    """Gives a report and an empty folder, which stays only if something failed. What goes wrong
    between the tests fails too. Ends the process with the report's last line."""
    report = Report()
    base = scratch_folder(name)
    try:
        yield report, base
    except Exception as failure:
        report.run("what the tests stand on", again, failure)
    if report.failed:
        print(f"what was left: {base}", flush=True)
    else:
        shutil.rmtree(base, ignore_errors=True)
    report.close()


def again(failure):
    raise failure
